"""Finding what denies, prohibits, asks and answers in an English sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from medsynth.text.facts.cue_words_en import (
    ALONE,
    ASKED_LATE,
    AVOID,
    BACKWARD,
    BARE,
    BARE_VERBS,
    BE,
    BODILY,
    CARRIES,
    CAUTIONS,
    CHANGED,
    CONTENT_DENIALS,
    CUE_PHRASES,
    DO,
    FILLERS,
    FINE,
    FINITE,
    HERE,
    INVERTED,
    NAMELESS,
    NO,
    NOMINAL,
    OPENERS,
    PARTICIPLES,
    PARTICLE_BEFORE,
    PAUSES,
    PREVENT,
    PRONOUNS,
    PSEUDO,
    RESOLVED,
    RESOLVED_ON,
    RULED,
    STOPS,
    STRUGGLES,
    TAG_MARKS,
    TAGS,
    UNKNOWING,
    URGED,
    VERBAL,
    WHICH,
    YES,
)
from medsynth.text.facts.model import FactKind
from medsynth.text.facts.words_en import STOPWORDS, WORDS, name_of


def pseudo_cue(words: list[str], i: int, behind: int) -> int:
    """Return how many tokens at `i` only look like a denial."""
    word = words[i]
    if (
        i + 1 < behind
        and words[i + 1] in UNKNOWING
        and (word.endswith("n't") or word in ("cannot", "not", "never", "dont"))
    ):
        return 2
    if words[i + 1 : i + 2] == ["think"] and words[i + 2 : i + 3] in (
        ["what"],
        ["why"],
        ["who"],
        ["of"],
        ["where"],
    ):
        return 2  # "can't think what it is called"
    return _phrase(words, i, behind, PSEUDO)


def _phrase(words: list[str], i: int, behind: int, table: Mapping[str, tuple[tuple[str, ...], ...]]) -> int:
    entries = table.get(words[i])
    if entries:
        for entry in entries:
            size = len(entry)
            if i + size <= behind and tuple(words[i : i + size]) == entry:
                return size
    return 0


def cue_at(words: list[str], i: int, behind: int, first: int) -> tuple[int, FactKind, str] | None:
    """Return the cue at token `i`: tokens, what it makes of its scope, shape (verb, noun, back, free, over, aim)."""
    word = words[i]
    after = words[i + 1] if i + 1 < behind else ""
    before = words[i - 1] if i > first else ""
    if word == "non" and after == "-":
        return 2, "negation", "noun"
    if word in VERBAL or word.endswith("n't"):
        if word == "never" and before in NO and (after in PARTICLE_BEFORE or "'" in after):
            return None  # "no never that's why"
        if after in PRONOUNS and i + 2 < behind and words[i + 2] == "?":
            return None
        return 1, _forbids(words, i), "verb"
    size = bare_denial(words, i, behind) if before in (",", ":", "-", "–") else 0
    if size == 1 or (size and before == ":"):
        return size, "negation", "back"  # "Alcohol: denies.", "Tobacco: no prior history."
    if word in NOMINAL:
        if word == "no" and (after in PARTICLE_BEFORE or after.startswith(("i'", "it'", "that'"))):
            return None  # an answer, not a denial of what follows
        if word == "negative" and before in BE and after != "for":
            return (
                1,
                "negation",
                "verb",
            )  # "hepatitis B was negative": the subject is neither denied nor asserted
        if word in ("negative", "absence"):
            return (2, "negation", "noun") if after in ("for", "of") else None
        return 1, "negation", "noun"
    if word in PREVENT:
        return 1, "negation", "aim"
    if word in STRUGGLES:
        # "hard to find a comfortable position": neither found nor not found.
        return (2, "negation", "aim") if after == "to" and words[i + 2 : i + 3] not in BODILY else None
    if word in AVOID:
        if word in PARTICIPLES and before in BE:
            return 1, "contraindication", "back"
        if word in ("stop", "avoid") and before == "to" and (i - 2 < first or words[i - 2] not in URGED):
            return 1, "contraindication", "aim"
        if word in ("stop", "stopped", "stops", "skip") and after in (".", "by"):
            return None
        return 1, "contraindication", "noun"
    if word in RESOLVED and after not in RESOLVED_ON:
        return 1, "negation", "over"
    if word == "away" and before in ("go", "goes", "went", "going", "gone"):
        return 1, "negation", "over"
    if word == "free" and after not in ("of", "from") and (before == "-" or before in WORDS):
        return 1, "negation", "free"
    if (
        word == "absent"
        and before in ("or", "and", "with", "")
        and after.isalpha()
        and after not in STOPWORDS
    ):
        return 1, "negation", "noun"  # "absent sweating"
    if word in BACKWARD:
        return 1, "contraindication" if word in CAUTIONS else "negation", "back"
    if word in ("rule", "ruled", "r") and (size := _phrase(words, i, behind, RULED)):
        return (
            size,
            "negation",
            "back" if word == "ruled" and before in ("was", "were", "been", "is") else "aim",
        )
    if word in ("keep", "keeping") and any(w in ("off", "away") for w in words[i + 2 : min(i + 5, behind)]):
        return 1, "contraindication", "noun"  # "keep weight off the leg"
    if word in CUE_PHRASES and (size := _phrase(words, i, behind, CUE_PHRASES)):
        prohibits = word in ("stay", "steer", "keep", "cut", "hold", "give", "come", "came", "coming")
        return size, "contraindication" if prohibits else "negation", "noun"
    return None


def bare_denial(words: list[str], i: int, behind: int) -> int:
    """Return how many tokens from `i` on deny and name nothing ("denies", "no prior history"); 0 where one is named."""
    if words[i] not in ALONE:
        return 0
    j = i + 1
    while j < behind and words[j] in NAMELESS:
        j += 1
    return j - i if j >= behind or words[j] in STOPS else 0


def _forbids(words: list[str], i: int) -> FactKind:
    """Tell a prohibition ("do not take", "should not be used") from a denial ("does not help")."""
    word = words[i]
    before = words[i - 1] if i else ""
    if word in ("shouldn't", "mustn't"):
        return "contraindication"
    if word == "don't" and before in ("", ".", ",", "\n", "please", "and", "but", "so", ";", ":", "!"):
        return "contraindication"
    if word in ("not", "never") and (
        before in ("should", "must")
        or (
            before == "do"
            and (i < 2 or words[i - 2] in (".", ",", "\n", "please", "and", "but", ";", ":", "-", "so"))
        )
    ):
        return "contraindication"
    return "negation"


def opens_clause(words: list[str], i: int, behind: int) -> bool:
    """Whether a comma or conjunction at token `i` begins a clause of its own and so ends a scope."""
    after = words[i + 1] if i + 1 < behind else ""
    word = words[i]
    if word == "than":
        return i > 0 and words[i - 1] == "other"
    if word in ("as", "that"):
        behind_well = words[i + 2] if i + 2 < behind else ""
        return word == "as" and (
            after in ("soon", "needed", "long", "directed", "it", "they", "this", "he", "she", "you", "i")
            or (after == "well" and behind_well in ("", ".", ",", "as", "\n"))
        )
    listed = word == "or"
    if word == "," and after in ("and", "or", "but"):
        listed = after == "or"
        after = words[i + 2] if i + 2 < behind else ""
    elif word == ",":
        if _is_fine(words, i + 1, behind):
            return True
        listed = "or" in words[i + 2 : min(i + 7, behind)]
    if listed and after in BARE_VERBS:
        return False  # "don't smoke, drink, or take drugs"
    if word == "," and after in ("like", "such"):
        return True
    if word == "and" and after.endswith("ed") and after not in WORDS and after not in CHANGED:
        return True  # "has no children and finished school"
    if word == "," and any(words[j] in FINITE for j in range(i + 2, min(i + 4, behind))):
        return True
    return after in OPENERS or after.endswith("n't") or ("'" in after and after.split("'")[0] in PRONOUNS)


def starts_anew(words: list[str], i: int, behind: int, denied: bool) -> bool:
    """Whether speech without marks begins anew at token `i`: "can't walk on it it just hurts", "no fever okay so".

    `denied` is whether anything was denied yet: until then a subject belongs to what will be.
    """
    word, before = words[i], words[i - 1]
    if word in PAUSES:
        return True
    subject, _, verb = word.partition("'")
    if not denied or before in CARRIES or subject not in PRONOUNS:
        return False
    if subject in ("it", "you") and not verb:
        after = words[i + 1] if i + 1 < behind else ""
        return after in FINITE or before == word or before == ","
    return True


def _is_fine(words: list[str], i: int, behind: int) -> bool:
    """Whether an item of a list from token `i` on says that something is as it should be: "bowels normal"."""
    for word in words[i : min(i + 5, behind)]:
        if word in FINE:
            return True
        if word in STOPS or word in (",", "and", "or"):
            return False
    return False


def asks(words: list[str], first: int, behind: int) -> bool:
    """Whether a sentence without a question mark asks all the same, as in transcripts: "any fever", "do you smoke"."""
    j = first
    while j < behind and (
        words[j] in FILLERS or words[j] in ("and", "now", "so", "but", "alright", "then", "all", "right")
    ):
        j += 1
    if j + 1 >= behind:
        return False
    word, after = words[j], words[j + 1]
    if word == "any":
        return True
    asked = [k for k in range(j, behind - 1) if words[k] in ("how", "what", "where", "when", "why")][:1]
    if asked and (asked[0] == j or words[asked[0] - 1] == "is") and words[asked[0] + 1] in INVERTED:
        return True  # "another question is how is your diabetes doing"
    tail = range(max(j + 1, behind - 14), behind - 2)
    if "," not in words[j:behind] and any(
        words[k : k + 3] in ASKED_LATE
        and words[k - 1] not in ("what", "how", "when", "if", "where", "symptoms", "problems", "pain")
        for k in tail
    ):
        return True  # "thank you for that tell me is there any history of seizures"
    return word in INVERTED and after in (
        "you",
        "he",
        "she",
        "they",
        "it",
        "there",
        "your",
        "i",
        "we",
        "any",
        "his",
        "her",
    )


def asks_which(words: list[str], first: int, behind: int) -> bool:
    """Whether a question is for more than yes or no: "how's your diabetes", "another thing: what do you take"."""
    return any(
        words[j].partition("'")[0] in WHICH
        for j in range(first, behind)
        if j < first + 6 or words[j - 1] in (":", ",", "-", "is", "know")
    )


def tagged(words: list[str], first: int, behind: int) -> bool:
    """Whether a question only asks to be confirmed: "you have eczema, yeah?", "a severe allergy, is that right?"."""
    end = behind - 1 if words[behind - 1] == "?" else behind
    for cut in range(end - 2, max(first, end - 6), -1):
        if words[cut] in TAG_MARKS and " ".join(words[cut + 1 : end]) in TAGS:
            return not asks(words, first, cut)
    return False


def answer_of(words: list[str], first: int, behind: int) -> str:
    """Return yes, no or "" for how a sentence answers the question before it."""
    j = first
    while j < behind and words[j] in FILLERS:
        j += 1
    if j >= behind:
        return ""
    word = words[j]
    following = words[j + 1] if j + 1 < behind else ""
    if word in NO:
        hedged = word == "not" and following in (
            "too",
            "so",
            "very",
            "bad",
            "well",
            "great",
            "good",
            "as",
            "that",
        )
        return "" if hedged or following in ("only", "sure", "just", "problem") else "no"
    if word in YES:
        return "yes"
    if word in ("i", "he", "she", "they", "it", "there", "we"):
        if following in ("do", "have", "did", "am", "has", "does", "was", "is", "had", "are") and words[
            j + 2 : j + 3
        ] in ([","], ["."], [], ["\n"]):
            return "yes"
        behind_no = 0
        if following.endswith("n't"):
            behind_no = j + 2
        elif following in ("do", "have", "did", "has", "does", "am", "was") and words[j + 2 : j + 3] == [
            "not"
        ]:
            behind_no = j + 3
        if behind_no and (
            behind_no >= behind or words[behind_no] in (",", ".", "\n", "have", "had", "noticed", "think")
        ):
            return "no"
    return ""


@dataclass(frozen=True, slots=True)
class Wording:
    """A sentence as `Statement` keeps it for comparison with another; see there."""

    wording: str
    negations: int
    sides: str
    content: str
    denies: bool


def wording_of(words: list[str], first: int, behind: int) -> Wording | None:
    """Return how a sentence is worded; None for one of less than three words."""
    kept: list[str] = []
    sides: list[str] = []
    content: list[str] = []
    negations = 0
    denies = False
    for i in range(first, behind):
        word = words[i]
        if not word[0].isalnum():
            continue
        if word == "left" or word == "right":
            if i + 1 >= behind or words[i + 1] not in HERE:
                sides.append(word)
            continue
        if word in CONTENT_DENIALS or word.endswith("n't"):
            if word == "no" and (i + 1 >= behind or words[i + 1] in PARTICLE_BEFORE):
                continue
            pseudo = pseudo_cue(words, i, behind) if word in PSEUDO else 0
            denies = denies or not pseudo or words[i + pseudo - 1] in UNKNOWING
            bare = BARE.get(word)
            if bare is None:
                bare = word[:-3] if word.endswith("n't") else word
            negations += bare != word
            if bare and bare not in DO:
                kept.append(bare)
            continue
        if word in DO:
            continue
        kept.append(word)
        if word not in STOPWORDS:
            name, _, inverted = name_of(word)
            denies = denies or inverted
            if name:
                content.append(name)
    if len(kept) < 3:
        return None
    gist = " ".join(sorted(content)) if len(content) > 2 else ""
    return Wording(" ".join(kept), negations, " ".join(sides), gist, denies)
