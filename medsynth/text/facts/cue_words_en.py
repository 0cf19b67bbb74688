"""The English words that deny, prohibit, ask and answer, and where their scopes end.

Drawn up after NegEx (Chapman et al. 2001) and ConText (Harkema et al. 2009), see `polarity_en`, and completed by
reading consultations.
"""

from __future__ import annotations

from medsynth.text.facts.tokens_en import word_set

# Verbal cues: what is said before them in the clause is the subject of a denial, neither asserted nor denied.
VERBAL = word_set(
    """not never cannot can't won't hardly scarcely barely ain't dont doesnt didnt isnt wasnt arent werent cant wont
    havent hasnt hadnt couldnt shouldnt wouldnt"""
)
NOMINAL = word_set(
    """no without denies denied deny denying withhold withholds withheld withholding neither nor none nobody
    nothing nowhere unable lack lacks lacking lacked unlikely negative absence devoid"""
)
# Prohibitions and refusals. "stop" and "avoid" tell somebody not to.
AVOID = word_set(
    """avoid avoids avoided avoiding avoidance stop stopping stops stopped quit quits quitting refrain refraining cease
    discontinue discontinued discontinuing abstain abstaining skip refuse refuses refused refusing decline declines
    declined declining banned bans ban"""
)
ALONE = word_set("denies denied none nil negative absent no never")
# Words behind a denial that do not say of what: it stands in the heading before.
NAMELESS = word_set("prior known current past recent history use reported significant previous at all")
STOPS = frozenset(("", ".", ";", "\n"))
RULED = {"ruled": (("ruled", "out"),), "rule": (("rule", "out"),), "r": (("r", "/", "o"),)}
PARTICIPLES = word_set("avoided stopped discontinued skipped banned declined refused")
PRONOUNS = word_set("you i he she it they we")
# What is not there until a time comes, is there from then on.
OCCURRING = word_set(
    """appear appears happen happens occur occurs start starts begin begins develop develops show up come on be become
    becomes emerge emerges arise arises diagnosed noticed found apparent noticeable evident known seen"""
)
BRACKETS = frozenset("()[]")
JOINTS = word_set("and , or as that than so")
BEHIND = 4  # a denial at the end reaches back over so many terms
STRUGGLES = word_set("difficult hard tough struggle struggles struggled struggling")
BODILY = (["breathe"], ["swallow"])  # hard to do these is a finding of its own
PREVENT = word_set("prevent prevents preventing prevented")
URGED = word_set("""need needs try trying want important advised told sure best have has safest you better""")
CAUTIONS = word_set("forbidden prohibited contraindicated")
BE = word_set("is are was were be been being strictly absolutely also generally usually not")
BACKWARD = word_set("absent cessation contraindicated forbidden prohibited")
CUE_PHRASES: dict[str, tuple[tuple[str, ...], ...]] = {
    "free": (("free", "of"), ("free", "from")),
    "come": (("come", "off"),),
    "came": (("came", "off"),),
    "coming": (("coming", "off"),),
    "stay": (("stay", "away", "from"), ("stay", "off"), ("stay", "clear", "of")),
    "steer": (("steer", "clear", "of"),),
    "keep": (("keep", "away", "from"), ("keep", "off"), ("keep", "from")),
    "cut": (("cut", "out"),),
    "give": (("give", "up"),),
    "gave": (("gave", "up"),),
    "too": (("too", "little"), ("too", "few")),
    "instead": (("instead", "of"),),
    "rather": (("rather", "than"),),
    "hold": (("hold", "off"), ("hold", "back")),
    "holding": (("holding", "off"), ("holding", "back")),
    "held": (("held", "off"), ("held", "back")),
    "fail": (("fail", "to"),),
    "fails": (("fails", "to"),),
    "failed": (("failed", "to"),),
    "failure": (("failure", "to"),),
    "inability": (("inability", "to"),),
}
LEAVES = word_set("come came coming")  # off what
LEFT_OFF = word_set(
    """it them this that these those all everything medicine drug-use treat pill pills tablet tablets capsule capsules
    dose hormone hormones steroid thinner alcohol smoke patch pump drip oxygen ventilator cpap diet dairy gluten"""
)
# What only looks like a denial; its tokens are passed over.
PSEUDO: dict[str, tuple[tuple[str, ...], ...]] = {
    "not": (
        ("not", "only"), ("not", "just"), ("not", "necessarily"), ("not", "uncommon"), ("not", "unusual"),
        ("not", "sure"),
        ("not", "certain"), ("not", "hesitate"), ("not", "forget"), ("not", "more", "than"), ("not", "less", "than"),
        ("not", "later", "than"), ("not", "to", "mention"), ("not", "worry"), ("not", "known", "whether"),
        ("not", "exceed"), ("not", "rule", "out"), ("not", "all"), ("not", "every"), ("not", "everyone"),
        ("not", "always"),
        ("not", "merely"), ("not", "simply"), ("not", "know"), ("not", "limited", "to"), ("not", "at", "all"),
        ("not", "right"), ("not", "much"),
    ),
    "no": (
        ("no", "doubt"), ("no", "idea"), ("no", "more", "than"), ("no", "less", "than"), ("no", "later",
        "than"), ("no", "fewer", "than"),
        ("no", "wonder"), ("no", "matter"), ("no", "problem"), ("no", "problems", "at"), ("no", "worries"),
        ("no", "sir"), ("no", "ma'am"),
        ("no", "thanks"), ("no", "thank"), ("no", "doctor"), ("no", "greater", "than"),
    ),
    "nothing": (("nothing", "but"),),
    "instead": (("instead", "of", "what"),),
    "or": (("or", "not"),),
    "if": (("if", "not"),),
    "why": (("why", "not"), ("why", "don't")),
    "without": (("without", "a", "doubt"), ("without", "doubt")),
    "don't": (("don't", "forget"), ("don't", "hesitate"), ("don't", "worry"), ("don't", "know"), ("don't",
    "think", "so"), ("don't", "mind"), ("don't", "exceed")),
    "can't": (("can't", "rule", "out"), ("can't", "wait"), ("can't", "help", "but")),
    "cannot": (("cannot", "wait"), ("cannot", "rule", "out"), ("cannot", "exclude")),
    "isn't": (("isn't", "it"), ("isn't", "that")),
    "aren't": (("aren't", "you"),),
    "non": (),
}  # fmt: skip
ENDS = word_set(
    """but however except although though which who because since then unless until if when while whereas : whose where
    still instead besides despite after before due apart otherwise"""
)
# What begins a clause of its own behind a comma or "and".
OPENERS = word_set(
    """i you he she it they we has have had is was are were will can could should would may might must take takes call
    see reports reported states stated does did do also then there this that these those please continue keep use
    let try go get just make talk ask tell contact your his her my their the some what how carry stay start increase
    follow return come watch drink eat apply repeat switch give monitor check wear rest bring add remain it's i'm
    i've you're he's she's they're there's that's patient instead only maybe perhaps feels felt endorses notes
    complains admits nobody nothing none goes comes makes takes gets gives keeps needs wants"""
)
# Words of speech between two sentences that no mark parts.
PAUSES = word_set("okay ok yeah yep alright")
# Behind these a subject goes on with what is denied: "no sign that he has it", "nor does he take it".
CARRIES = word_set(
    """that which way mean means think believe say says said sure whether if how what why who where does do did is are
    was were has have had can could will would should may might"""
)
# Not so these, which belong to a finding: "no pain and decreased appetite".
CHANGED = word_set(
    """decreased increased reduced elevated impaired blurred enlarged limited delayed altered slurred labored laboured
    dilated distended disturbed raised restricted associated related unexplained prolonged need red bed swollen"""
)
CONTRASTS = word_set("but however although though because since while whereas")
CONDITION = word_set("if when unless whether")
# What is hung on a statement to have it confirmed, behind one of the marks.
_TAGS = """
yeah, yes, ok, okay, right, correct, is that right, is that correct, am i right, isn't it, is n't it, is it,
isn't that right, don't you, do n't you, aren't you, haven't you, didn't you, have n't you, did n't you, wasn't it,
weren't you, doesn't it, does n't it, no, huh, alright, all right, is that okay, is that ok
"""
TAGS = frozenset(tag.strip() for tag in _TAGS.replace("\n", " ").split(","))
TAG_MARKS = frozenset((",", "…", ".", "-", "–", "is"))
YES = word_set(
    """yes yeah yep yup yah sure absolutely definitely certainly right correct indeed exactly uh-huh uhhuh mhm"""
)
NO = word_set("no nope nah none never negative nothing not")
FILLERS = word_set("um uh well oh ah hmm er so , - . … doctor actually honestly okay ok") | {"\n"}
INVERTED = word_set(
    """do does did have has had are is was were can could will would any don't doesn't didn't haven't hasn't aren't
    isn't"""
)
# A question at the end of speech without marks.
ASKED_LATE = (["is", "there", "any"], ["do", "you", "have"], ["have", "you", "had"], ["did", "you", "have"])
LIMITING = word_set("only just all every everyone always necessarily merely simply")
JOB_BEFORE = word_set("from at off missed miss my your his her their for of")
# What is left of a word when its denial is taken away.
BARE = {
    "not": "",
    "n't": "",
    "no": "",
    "never": "",
    "without": "with",
    "cannot": "can",
    "can't": "can",
    "won't": "will",
}
BARE |= {"dont": "", "doesnt": "", "didnt": "", "isnt": "is", "wasnt": "was", "cant": "can", "wont": "will"}
# "She has not any cough", "she has a cough": what comes and goes with a denial.
UNWORDED = word_set("a an any some the at all")
SAME_WORD = {
    "anything": "something", "anyone": "someone", "anybody": "somebody", "anywhere": "somewhere", "either": "too",
    "ever": "once", "nor": "and", "or": "and",
}  # fmt: skip
ASKED_DENIALS = word_set("without never cannot unable")
DO = word_set("do does did")
FINITE = word_set("is are was were may can could will would should must has have had")
# At the end of a sentence these stand for what was said before.
UNDERSTOOD = word_set("is are was were do does did has have had can could will would should")
GROUPS = word_set("people patients patient persons those individuals anyone person someone")
WHICH = word_set("what how when where which who why whose else other")
UNKNOWING = word_set("know remember recall")
PARTICLE_BEFORE = word_set(
    """, . ! - no not nope i you we he she it they that there the my just nothing none it's i'm that's actually sir um
    uh so but and"""
) | {"", "\n"}
DEEP = 8
HELD = 3
DETERMINING = word_set("no without denies denied deny denying nor")
# "no history of stroke", "no evidence of cancer": these hand the denial on.
LIGHT = word_set("history evidenc sign indication us family background kind risk trac")
# "no cure for gout" does not deny gout.
MEANS = word_set("cure treat treatment test medicin medication remedy vaccin therapy drug caus")
# Of these not what changes is denied: "no changes in appetite" is an appetite that is as it was.
FUNCTIONS = word_set("vision hearing appetite thyroid memory sugar pressure flow")
CHANGES = word_set("chang difficulty problem trouble issu")
# "lack of vitamin C causes scurvy": what is lacking is named at once, the rest is asserted.
SCANT = word_set("lack lacks lacking lacked absence devoid unable inability absent too")

# What these deny ends where a verb follows: "acting without consent is wrong", "to deny care is wrong".
PASSING = SCANT | word_set("without deny denying withhold withholding")

# What is over is neither denied nor asserted: "the swelling is gone" is "it is not swollen any more".
RESOLVED = word_set(
    "gone resolved resolves subsided subsides disappeared disappears vanished cleared ceased settled"
)
RESOLVED_ON = word_set("to up on down through into back")
# What is as it should be: with it an item of a list is no longer under the denial before.
FINE = word_set("normal fine ok okay good regular intact unremarkable stable well alright positive present")
SOMEWHAT = word_set("some mild slight occasional a moderate")
# Verbs that give orders where a clause begins, but go on with a list behind "or".
BARE_VERBS = word_set(
    """call see keep use let try go get make talk ask tell contact carry stay start increase follow return come watch
    drink eat apply repeat switch give monitor check wear rest bring add remain continue take have do"""
)
# "I don't drink." speaks of alcohol, "drink water" does not.
DRINKS = word_set("drink drinks drinking drank drinker")
DRINKS_ON = word_set(", . ; ? ! and or but at heavily socially occasionally much alcohol anymore now") | {
    "\n"
}
OBJECTS = word_set("nothing none nobody nowhere")
# Behind these a clause says more of the subject before it, whose own verb may yet come.
ASIDE = word_set("after before despite who which that where")
HERE = word_set("here there now away after before")
CONTENT_DENIALS = (VERBAL | NOMINAL) - word_set("hardly scarcely barely")
# What plainly denies, and what may: a sentence that has one of the latter is not held to assert all it says.
PLAIN_DENIALS = ((VERBAL | NOMINAL) - word_set("denying absence devoid unlikely")) | {"non"}
HINTS = (
    AVOID
    | PREVENT
    | STRUGGLES
    | BACKWARD
    | RESOLVED
    | CONDITION
    | word_set(
        """only just alone fail fails failed failure failing free away off less few little rarely seldom instead
        rather except other apart absence devoid denying impossible difficulty difficulties trouble
        barely too yet bad poor worse low lower still wrong besides although though exclude excluded
        excluding anymore against minus nil spared intact missing miss missed loss lost resist reluctant
        hesitant ignore ignoring ignored beyond longer forget forgot inability incapable ineffective
        insufficient incomplete invalid improper inappropriate irregular irrelevant inadequate inactive
        impaired abnormal atypical asymptomatic afebrile painless harmless disagree disappear disappeared
        dislike disallow disapprove misses afraid doubt doubtful nah nope"""
    )
)
# Of these only before certain words: "other than", "too little".
HALF_HINTS = {
    "other": word_set("than"),
    "too": word_set("little few late low short weak tired sick ill much bad"),
}
NO_HINTS = word_set(
    "under until unless union unions united university understand understands understood unilateral"
)

# The words at which a cue, or what only looks like one, can begin.
SPECIAL = frozenset().union(
    VERBAL,
    NOMINAL,
    ALONE,
    AVOID,
    PREVENT,
    STRUGGLES,
    BACKWARD,
    CUE_PHRASES,
    PSEUDO,
    RULED,
    RESOLVED,
    ("away", "free"),
    ("non", "never", "dont", "keep", "keeping"),
)
