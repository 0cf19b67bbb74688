"""A conversation of the source, cleaned and shortened; nothing is moved.

- Neighbours of one role become one turn; sentences without medical content go.
- It begins with what the patient says first where that needs no question before it; else with a greeting
  (the patient's own, or a frame) and the doctor's question, so that nothing is lost.
- An exchange in which nobody says anything medical goes as a whole. A question of the doctor is never
  lost while the patient's reply to it stays.
- A turn over the limit loses its least important sentences; a doctor's turn may become several, with the
  patient listening in between, a patient's turn three, with the doctor asking to go on. A patient who
  tells all of a history at first is asked for it (`single.tell`).
- The formalities before the complaint (names, "can you hear me") go.
- At most `exchanges` exchanges: how it begins, and then those that hold allergies and red flags, most of the
  history, the assessment, doses and referrals, the advice, and what to do if it gets worse. An echo of an
  answer that has gone goes too, and a question of the patient stays with its answer.
- What a doctor dictates before greeting the patient is not said.
- The doctor closes, with something said in the source, or with a frame after the patient's reply.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from medsynth.records import RawTurn, Reason, Rejected, Role
from medsynth.stages.extractive.advice import contained, rated, spread, tokens
from medsynth.stages.extractive.pieces import Limits, Script, Sentence, asks, fill, pack, trim
from medsynth.stages.extractive.said import said_sentences
from medsynth.stages.extractive.single import holds_history, tell
from medsynth.text.lexicon import LEXICONS
from medsynth.text.slots import HISTORY, scores

# Turns that one turn of the doctor may become when it ends by asking; one that needs more is an assessment.
_ASKING_TURNS = 2
# So many turns more than other advice may a doctor's monologue take.
_MONOLOGUE = 4
# The formalities of a consultation by telephone or video: who it is, and whether the line holds.
_FORMALITY = re.compile(
    r"\b(?:can|could|do) you (?:hear|see) me|\bdate of birth|\b(?:full|first|second|last) name"
    r"|\bconfirm (?:your|a few|some)|\b(?:private|confidential|quiet) (?:place|space|room|area)"
    r"|\byour address\b|\b(?:camera|microphone|video)\b"
    r"|姓名|怎么称呼|能听(?:到|见|清)",
    re.I,
)
_FORMAL_REPLY = {"en": 12, "zh": 16}
# What to do if it does not go as expected.
_SAFETY_NET = re.compile(
    r"\b(?:if|in case|should)\b(?=[^?!]{0,200}?\b(?:book|come back|come in|ring|call|phone|let (?:me|us)"
    r"|get back|get in touch|give (?:me|us)|speak to|see|go to|contact|seek)\b)"
    r"|(?:如果|若|要是|一旦|万一)[^。；]{1,50}(?:就诊|就医|复诊|复查|医院|联系|急诊|告诉我|来找)",
    re.I,
)
# Asked and answered, or told, this is never left out before anything else is.
_VITAL = re.compile(
    r"\b(?:allerg\w+|intoleran\w+|epi-?pens?|anaphyla\w+|suicid\w*|self[- ]harm\w*|end(?:ing)? (?:your|my) life"
    r"|(?:harm|hurt|kill)(?:ing|ed)? (?:yourself|myself|himself|herself|others|anyone|anybody|someone))\b"
    r"|过敏|自杀|轻生|自残|自伤",
    re.I,
)
_RED_FLAG = re.compile(
    r"\b(?:bladder|incontinen\w*|saddle|groin|genital\w*|control (?:of|over) your bowels?|bowel control|chest pains?"
    r"|(?:cough|vomit|throw|spit|bring)\w* (?:up )?(?:any |some )?blood"
    r"|(?:any|no) blood|blood in (?:your|my|the)|bleeding|black stools?"
    r"|short(?:ness)? of breath|(?:difficult\w*|trouble|hard) (?:in |to )?breath\w*"
    r"|swelling of (?:your|my|the) (?:lips?|face|tongue)"
    r"|(?:lips?|tongue|throat) (?:\w+ )?sw[eo]ll\w*|pass(?:ed|ing)? out|black(?:ed|ing)? out|faint\w*"
    r"|los[ste]+\w* consciousness"
    r"|seizures?|weight loss|los(?:t|ing|e) (?:any |some |much )?weight|night sweats|stiff neck|neck stiffness"
    r"|pregnan\w*|blood thinners?|slurred|headaches? when you|weakness (?:in|of))\b"
    r"|胸痛|呼吸困难|咯血|咳血|便血|黑便|吐血|呕血|尿血|昏迷|晕倒|昏倒|抽搐|失禁|怀孕|体重(?:下降|减轻)|消瘦|偏瘫|意识不清",
    re.I,
)
# Somebody else is asked to see the patient.
_REFERRAL = re.compile(
    r"\b(?:refer(?:s|red|ral|rals|ring)?|consults?|consultation (?:to|with))\b"
    r"|\b(?:see|send you to|appointment with) (?:an? |the )?(?:\w+ )?"
    r"(?:specialist|therapist|surgeon|dietiti?an|nutritionist|\w+ologist)\b"
    r"|转诊|转院|会诊|转到|(?:看|挂|找|去)[^，。]{0,6}专科",
    re.I,
)
# What an echo says beside what it repeats, and the largest part of an echo that is new.
_ACKNOWLEDGED = frozenset(
    (
        "ok",
        "okay",
        "k",
        "yeah",
        "yes",
        "right",
        "righty",
        "sure",
        "so",
        "and",
        "uh",
        "um",
        "mm",
        "hm",
        "mmm",
        "fine",
        "alright",
        "oh",
        "ohh",
        "good",
    )
)
_ECHO = 0.6
_ECHO_ASKED = 0.8
# A patient asks in a transcript without marks.
_WONDERS = re.compile(
    r"(?:(?:ok|okay|so|and|well|but|yeah|uh|um)\W+)*"
    r"(?:(?:can|could|should|may|do|does|will|would|is|are) (?:i|you|it|we|this|that|there|the)"
    r"|(?:what|when|how|why|where|which)(?:'s)? (?!i\b))\b",
    re.I,
)
# "I'll have to look that up": no advice.
_OF_DOCTOR = re.compile(r"\W*(?:i'll|i will|i have|let me)\b|\W*(?:我|让我)(?![觉认建考想])", re.I)
# So many exchanges hang together at most because the patient asks.
_ASKED_TOGETHER = 3
# Words (en) or characters (zh) of a doctor's turn that only acknowledges: "Okay."
_BARE = 3
_HELLO = re.compile(r"\W*(?:(?:hi|hello|hey|good (?:morning|afternoon|evening|day))\b|\w{0,3}[您你]好)", re.I)
# Exchanges at the beginning that are rather kept.
_BEGINNING = 3
# Exchanges at the end that are rather kept where the doctor says something of use in them.
_ENDING = 2
# A patient's turn may take so many.
_PATIENT_TURNS = 3
# "..., okay?" makes no question of a statement.
_TAG = re.compile(
    r",\s*(?:ok|okay|all right|alright|right|yeah|yes|is that (?:ok|okay|all right|alright)|you know)\s*\?+\s*\Z",
    re.I,
)
_TAGGED_WORDS = 6
# Before the patient is greeted, some doctors dictate.
_DICTATED = re.compile(
    r"\byears?[- ]old (?:\w+[- ]){0,2}(?:male|female|man|woman|gentleman|lady|patient)\b|\bdate of birth\b|\btemplate\b"
    r"|\b(?:the |this )?patient (?:is|was|has|had|presents?|presented|comes?|reports?|denie[sd])\b|\bthe gentleman\b"
    r"|\b(?:medical record number|chief complaint|past medical history)\b",
    re.I,
)
_YOU = re.compile(r"\b(?:you|your|you're|you'll|we'll)\b", re.I)
_GREETED = re.compile(
    r"\W*(?:(?:so|okay|all right|alright)\W+)?(?:(?:hi|hello|hey|good (?:morning|afternoon|evening))\b(?! dragon)"
    r"|(?:it's )?(?:nice|good|great) to (?:see|meet))",
    re.I,
)
# A sentence of this length says something, whatever it leans on.
_MATTERS = 8
# So many exchanges are tried for a beginning.
_TRIES = 12
# Somebody is spoken of whom only the doctor has named.
_UNNAMED = re.compile(r"(?:(?!\bmy\b)[^.?!]){0,60}\b(?:he|she|him|her|his)\b", re.I)
# What a patient must say in all, in words (en) or characters (zh).
_ENOUGH = {"en": 8, "zh": 10}


@dataclass(frozen=True)
class Item:
    """What one role says in a row. `idle`: its pleasantries, said only where nothing else would be.

    `broken`: something in it could not be said; `lost`: a warning of the doctor could not.
    """

    role: Role
    said: tuple[Sentence, ...]
    idle: tuple[Sentence, ...] = ()
    broken: bool = False
    lost: bool = False

    @property
    def asks(self) -> bool:
        """Whether the turn ends by asking."""
        return bool(self.said) and self.said[-1].question

    @property
    def brief(self) -> bool:
        """Whether the turn only acknowledges, and lets the other go on."""
        return 0 < sum(s.size for s in self.said) <= _BARE


def write(script: Script, limits: Limits) -> Rejected | dict[str, float]:
    """Write the dialogue into `script`; return its figures, or why there is none."""
    items = _items(script, limits)
    if not any(item.said for item in items if item.role == "patient"):
        return Rejected(Reason.NO_COMPLAINT, "")
    matter = _without_formalities(items, script.lang)
    begun = _begun(matter, script.lang, limits.exchanges) or _begun(items, script.lang, limits.exchanges)
    if begun is None:
        return Rejected(Reason.NO_COMPLAINT, "nothing the patient says stands without a question before it")
    opening, said = begun
    if not any(item.role == "doctor" and item.said for item in said):
        return Rejected(Reason.NO_ADVICE, "the doctor says nothing that can close a consultation")
    if any(item.lost for item in said):
        return Rejected(Reason.UNSPEAKABLE, "a warning of the doctor cannot be said")
    items = said
    if items[0].role == "doctor":
        script.say("patient", opening, "" if opening else "greet")
    begins = int(_taken_apart(script, items, limits))
    for number, item in enumerate(items[begins:], begins):
        _say(script, item, answers=number > 0 and items[number - 1].asks, limits=limits)
    if items[-1].role == "patient":
        script.say("doctor", [], "close")
    return {
        "source_turns_kept": float(len(items)),
        "doctor_questions": float(sum(item.asks for item in items if item.role == "doctor")),
    }


def _taken_apart(script: Script, items: Sequence[Item], limits: Limits) -> bool:
    """Write a history that the patient tells all at once, asked for slot by slot; return whether it is one.

    Not where the doctor of the source goes on to ask.
    """
    first = script.source[0]
    alone = first.role == "patient" and len(script.source) > 1 and script.source[1].role == "doctor"
    begins = bool(items[0].said) and items[0].role == "patient" and items[0].said[0].spans[0].turn == 0
    if not (alone and begins and len(items) > 1) or items[1].asks or not holds_history(script, limits):
        return False
    turns, used = len(script.turns), len(script.used)
    if isinstance(tell(script, limits), Rejected):
        del script.turns[turns:], script.used[used:]
        return False
    return True


def _items(script: Script, limits: Limits) -> list[Item]:
    items: list[Item] = []
    for number, turn in enumerate(script.source):
        sentences = said_sentences(script.source, number, script.lang, limits.turn)
        if not items and turn.role == "doctor":
            sentences = _to_the_patient(sentences, turn.text)
        if (
            number
            and turn.role == "doctor"
            and _is_note(sentences, script.source[number + 1 :], lang=script.lang)
        ):
            continue
        item = Item(
            turn.role,
            tuple(s for s in sentences if s.fate == "kept"),
            tuple(s for s in sentences if s.fate == "idle"),
            any(s.fate == "unspeakable" for s in sentences),
            turn.role == "doctor" and any(s.fate == "unspeakable" and s.must for s in sentences),
        )
        if items and items[-1].role == turn.role:
            last = items[-1]
            item = _joined(last, item)
            items[-1] = item
        else:
            items.append(item)
    return items


def _to_the_patient(sentences: list[Sentence], text: str) -> list[Sentence]:
    """Return what a doctor's first turn says from the greeting on, where a dictated note stands before it."""
    dictated = next((n for n, s in enumerate(sentences) if _DICTATED.search(s.text)), None)
    if dictated is None:
        return sentences
    for n in range(dictated + 1, len(sentences)):
        spans = sentences[n].spans
        before = sentences[n - 1].spans
        # A greeting is no part of the sentence that it stands before.
        start = before[-1].end if before else spans[0].start if spans else 0
        if spans and (_GREETED.match(text, start) or _GREETED.match(sentences[n].text)):
            return sentences[n:]
    return sentences


def _is_note(sentences: Sequence[Sentence], after: Sequence[RawTurn], *, lang: str) -> bool:
    """Return whether a doctor's last turn is dictated for the record once the patient has gone."""
    if lang != "en" or any(len(turn.text.split()) > _FORMAL_REPLY[lang] for turn in after):
        return False
    text = " ".join(s.text for s in sentences)
    return _DICTATED.search(text) is not None and _YOU.search(text) is None


def _without_formalities(items: list[Item], lang: str) -> list[Item]:
    """Drop the exchanges before the complaint that only settle who speaks and whether the line holds."""
    lexicon = LEXICONS[lang]
    begins = next(
        (k for k, item in enumerate(items) if sum(s.size for s in item.said) > _BARE), 0
    )  # "Hello?"
    result: list[Item] = []
    n = begins
    while n + 1 < len(items) and n < 2 * _TRIES:
        pair = items[n : n + 2]
        said = [s for item in pair for s in item.said]
        if pair[0].role != "doctor" or any(s.must or lexicon.symptom.search(s.text) for s in said):
            break
        formal = any(_FORMALITY.search(s.text) for s in pair[0].said)
        if not (formal and sum(s.size for s in pair[1].said) <= _FORMAL_REPLY[lang]):
            result += pair
        n += 2
    if n - begins == len(result):
        return items
    # What is left of such an exchange ("Yes." - "Yeah, sure.") goes with it.
    whole = [result[k : k + 2] for k in range(0, len(result), 2)]
    told = [item for pair in whole if sum(s.size for s in pair[0].said) > _BARE for item in pair]
    return [*told, *items[n:]]


def _joined(left: Item, right: Item) -> Item:
    return Item(
        left.role,
        left.said + right.said,
        left.idle + right.idle,
        left.broken or right.broken,
        left.lost or right.lost,
    )


def _begun(items: list[Item], lang: str, exchanges: int) -> tuple[list[Sentence], list[Item]] | None:
    """Return the best beginning from which the patient tells something, and the items from there on."""
    for opening, rest in _openings(items, lang):
        said = _closed(_capped(_whole(_without_idle(rest)), exchanges, lang))
        if _tells(said, lang, opens=rest[0] is items[0] and rest[0].role == "patient"):
            return opening, said
    return None


def _openings(items: Sequence[Item], lang: str) -> Iterator[tuple[list[Sentence], list[Item]]]:
    """Yield ways to begin, the best first: the patient's greeting where the doctor speaks first, the items.

    What the patient says first opens where it stands by itself; else the doctor's question before it does,
    so that nothing said later is lost or hangs in the air; else something later.
    """
    first = next((n for n, item in enumerate(items) if item.role == "patient" and item.said), len(items))
    if first < len(items) and _stands(items[first], first == 0, lang):
        yield [], list(items[first:])
    for n, (item, reply) in enumerate(pairwise(items)):
        if item.role == "doctor" and item.said and reply.said:
            courtesies = [s for before in items[:n] if before.role == "patient" for s in before.idle]
            bare = next((k for k, s in enumerate(item.said) if s.question or s.size > _BARE), 0)
            asked = replace(item, said=item.said[bare:])
            yield [s for s in courtesies if _HELLO.match(s.text)][:1], [asked, *items[n + 1 :]]
        if reply.role == "patient" and n + 1 > first and _stands(reply, False, lang):
            yield [], list(items[n + 1 :])
        if n >= _TRIES:
            return


def _tells(items: Sequence[Item], lang: str, *, opens: bool) -> bool:
    """Return whether the patient says enough in these items, and the talk is of something medical.

    `opens`: they are the whole conversation, and the patient began it; a question is enough then.
    """
    told = [s for item in items for s in item.said if item.role == "patient"]
    if opens:
        return bool(told) or not items
    if items and items[0].role == "patient" and _stands(items[0], False, lang):
        return True
    medical = any(
        LEXICONS[lang].symptom.search(s.text) or HISTORY & set(scores(s.text, lang))
        for item in items
        for s in item.said
    )
    return medical and sum(s.size for s in told) >= _ENOUGH[lang]


def _stands(item: Item, opens: bool, lang: str) -> bool:
    """Return whether a patient's turn can open: it says something, and not just in reply."""
    if not item.said:
        return False
    lexicon = LEXICONS[lang]
    first = item.said[0]
    enough = sum(s.size for s in item.said) >= (5 if lang == "en" else 6)
    if opens:
        return enough or first.question
    if _UNNAMED.match(first.text):
        return False
    symptom = any(lexicon.symptom.search(s.text) for s in item.said)
    return enough and symptom and not lexicon.reply.match(first.text)


def _without_idle(items: Sequence[Item]) -> list[Item]:
    """Drop exchanges of pleasantries, join what then stands together, keep roles alternating."""
    result: list[Item] = []
    for place, item in enumerate(items):
        following = items[place + 1] if place + 1 < len(items) else None
        idle = not item.said
        # No listening frame answers a question: the doctor goes on where the patient says nothing at all.
        asked = not item.idle and bool(result) and bool(result[-1].said) and asks(result[-1].said[-1])
        if idle and item.role == "patient" and following is not None and following.said and not asked:
            # The patient only listens: the pleasantry stands, or a listening frame (`_say`).
            result.append(item)
        elif idle and not item.broken:
            continue
        else:
            result.append(item)
    joined: list[Item] = []
    for item in result:
        if joined and joined[-1].role == item.role:
            last = joined[-1]
            joined[-1] = _joined(last, item)
        else:
            joined.append(item)
    return joined


def _whole(items: Sequence[Item]) -> list[Item]:
    """Return the items without exchanges of which one side cannot be said.

    Nothing is left where the beginning cannot, and what a lost warning belongs to stays, to be refused.
    """
    lead = 1 if items and items[0].role == "patient" else 0
    result = list(items[:lead])
    if any(item.broken and not item.said for item in result):
        return []
    gap = False
    for n in range(lead, len(items), 2):
        block = list(items[n : n + 2])
        if any(item.broken and not item.said and not item.lost for item in block):
            gap = True
            continue
        if gap:
            block[0] = _afresh(block[0])
        gap = False
        result += block
    return result


def _afresh(item: Item, gone: Item | None = None, lang: str = "en") -> Item:
    """Return a doctor's item without the sentences at its start that lean on what has gone.

    `gone` is the patient's answer before it, which the doctor may repeat.
    """
    said = item.said
    while gone is not None and len(said) > 1 and _echoes(said[0], gone, lang):
        said = said[1:]
    first = next((n for n, s in enumerate(said) if s.question), 0)
    if gone is not None and all(_reacts(s, lang) for s in said[:first]):
        said = said[first:]
    begin = next((n for n, s in enumerate(said) if _fresh(s)), 0)
    if any(s.must or s.size > _MATTERS for s in said[:begin]):
        begin = next((n for n, s in enumerate(said) if s.size > _BARE), 0)  # more would be lost than gained
    return replace(item, said=said[begin:])


def _echoes(sentence: Sentence, answer: Item, lang: str) -> bool:
    """Return whether a sentence only says again what the answer said."""
    if sentence.must or sentence.size > (_MATTERS if lang == "en" else 2 * _MATTERS):
        return False
    words = tokens(sentence.text, lang) - _ACKNOWLEDGED
    least = _ECHO_ASKED if asks(sentence) else _ECHO
    return contained(words, tokens(" ".join(s.text for s in answer.said), lang)) >= least


def _reacts(sentence: Sentence, lang: str) -> bool:
    """Return whether a doctor's sentence before a question may be no more than a reaction to the answer before."""
    lexicon = LEXICONS[lang]
    useful = [lexicon.assessment, lexicon.symptom, _RED_FLAG, _REFERRAL, _SAFETY_NET]
    if not _OF_DOCTOR.match(sentence.text):
        useful.append(lexicon.advice)
    if sentence.must or any(pattern.search(sentence.text) for pattern in useful):
        return False
    return sentence.size <= (_MATTERS if lang == "en" else 2 * _MATTERS)


def _wonders(item: Item) -> bool:
    """Return whether a patient's turn ends by asking, marked or not."""
    return bool(item.said) and (asks(item.said[-1]) or _WONDERS.match(item.said[-1].text) is not None)


def _fresh(sentence: Sentence) -> bool:
    return not sentence.leans and (sentence.question or sentence.size > _BARE)


def _capped(items: list[Item], exchanges: int, lang: str) -> list[Item]:
    """Return at most `exchanges` exchanges: how it begins, then those that hold most of history and advice.

    What goes are whole exchanges, what the doctor says and the patient's reply to it. Where one has gone,
    the next begins without what leans on it.
    """
    if len(items) <= 2 * exchanges:
        return items
    head = items[: 1 if items[0].role == "patient" else 2]
    blocks = [items[n : n + 2] for n in range(len(head), len(items), 2)]
    worth = [_block_worth(block, lang) for block in blocks]
    for n in range(len(blocks)):
        # How it begins, and what the doctor says at the end.
        worth[n] += 2.0 * (n < _BEGINNING or (n >= len(blocks) - _ENDING and worth[n] > 0.5))
    chains = _chained(blocks, worth)
    left = exchanges - 1
    best: set[int] = set()
    for chain in sorted(chains, key=lambda c: (-max(worth[n] for n in c), c[0])):
        if len(chain) <= left:
            best.update(chain)
            left -= len(chain)
    result = list(head)
    last = -1
    for n in sorted(best):
        block = [*blocks[n][:1], *(_answered(item) if n + 1 not in best else item for item in blocks[n][1:])]
        gone = blocks[n - 1][-1] if n else None
        result += block if n == last + 1 else [_afresh(block[0], gone, lang), *block[1:]]
        last = n
    return result


def _answered(item: Item) -> Item:
    """Return a patient's item without the question at its end, whose answer has gone, where more is said."""
    said = item.said
    while said and asks(said[-1]):
        said = said[:-1]
    return replace(item, said=said) if said else item


def _chained(blocks: Sequence[Sequence[Item]], worth: Sequence[float]) -> list[list[int]]:
    """Return the exchanges that stay or go together, as places: "Okay." hangs on the question before it,
    and what answers the patient on what the patient asks.

    An exchange that only acknowledges, and in which nothing is told, is in none.
    """
    chains: list[list[int]] = []
    for n, block in enumerate(blocks):
        hangs = sum(s.size for s in block[0].said) <= _BARE
        before = blocks[n - 1][-1] if n else None
        asked = before is not None and _wonders(before)
        if asked and chains[-1][-1] == n - 1 and len(chains[-1]) < _ASKED_TOGETHER:
            chains[-1].append(n)
        elif not hangs or not chains:
            chains.append([n])
        elif worth[n] > 0:
            chains[-1] += range(chains[-1][-1] + 1, n + 1)
    return chains


def _block_worth(block: Sequence[Item], lang: str) -> float:
    """Return what an exchange is worth: allergies and red flags most, advice, then what is said of the illness."""
    lexicon = LEXICONS[lang]
    said = [s for item in block for s in item.said]
    worth = 8.0 * any(_VITAL.search(s.text) for s in said)
    worth += 4.0 * any(_RED_FLAG.search(s.text) for s in said)
    worth += 3.0 * any(lexicon.dose.search(s.text) for s in said)
    for sentence in said:
        medical = bool(lexicon.symptom.search(sentence.text)) + bool(
            HISTORY & set(scores(sentence.text, lang))
        )
        worth += 0.5 * medical
    for sentence in (s for item in block if item.role == "doctor" for s in item.said if not s.question):
        worth += 3.0 * sentence.must + 1.0 * bool(lexicon.advice.search(sentence.text))
        worth += 0.5 * bool(lexicon.assessment.search(sentence.text))
        worth += 3.0 * bool(_SAFETY_NET.search(sentence.text))
    doctor = [s for item in block if item.role == "doctor" for s in item.said]
    return worth + 4.0 * any(_REFERRAL.search(s.text) for s in doctor)


def _closed(items: list[Item]) -> list[Item]:
    """Return the items up to where it can end: a doctor's statement, or a reply to a question."""
    items = list(items)
    while items:
        last = items[-1]
        if last.role == "doctor":
            said = list(last.said)
            while any(s.question and not _is_told(s) for s in said[-2:]):
                said.pop()
            while len(said) > 1 and said[-1].size <= _BARE:
                said.pop()
            if said and sum(s.size for s in said) > _BARE:
                items[-1] = replace(last, said=tuple(said))
                return items
            items.pop()
        else:
            asked = items[-2] if len(items) > 2 else None
            told = sum(s.size for s in last.said)
            if told and asked is not None and (asked.asks or (asked.brief and told > _BARE)):
                return items
            items.pop()
    return items


def _is_told(sentence: Sentence) -> bool:
    """Return whether a question is a statement with a tag: "If it gets worse come back, okay?"."""
    tag = _TAG.search(sentence.text)
    return tag is not None and len(sentence.text[: tag.start()].split()) >= _TAGGED_WORDS


def _say(script: Script, item: Item, *, answers: bool, limits: Limits) -> None:
    lang = script.lang
    if item.role == "patient":
        said = list(item.said)
        if not said:
            courtesy = [s for s in item.idle if s.size <= limits.turn // 2][:1]
            script.say("patient", courtesy, "" if courtesy else "listen")
            return
        weighed = [replace(s, worth=_patient_worth(s, n, lang)) for n, s in enumerate(said)]
        first = [n == 0 and answers for n in range(len(said))]
        budget = _PATIENT_TURNS * limits.turn
        parts = pack(trim(weighed, budget, first), limits.turn, limits.turn)
        while len(parts) > _PATIENT_TURNS and budget > limits.turn:
            parts = fill(trim(weighed, budget, first), limits.turn)
            budget -= limits.turn // 6
        for number, part in enumerate(parts):
            if number:
                script.say("doctor", [], "continue")
            script.say("patient", part)
        return
    weighed = rated(item.said, lang) or list(item.said)
    final = len(weighed) - 1
    # The question that the patient answers next is kept like a warning.
    chosen = [
        replace(
            s,
            must=s.must or (s.question and n == final),
            worth=s.worth + 2.0 * s.question + 2.0 * bool(_SAFETY_NET.search(s.text)),
        )
        for n, s in enumerate(weighed)
    ]
    size = sum(s.size for s in chosen)
    whole = size <= limits.turn
    asking = item.asks and size <= _ASKING_TURNS * limits.turn
    # An assessment with its plan for several problems takes more turns than any other advice.
    needed = -(-size * 5 // (limits.turn * 4))
    longest = min(max(limits.advice_turns, needed), limits.advice_turns + _MONOLOGUE)
    most = min(_ASKING_TURNS, limits.advice_turns) if asking else longest
    for number, part in enumerate([chosen] if whole else spread(chosen, limits, most)):
        if number:
            script.say("patient", [], "listen")
        script.say("doctor", part)


def _patient_worth(sentence: Sentence, place: int, lang: str) -> float:
    lexicon = LEXICONS[lang]
    worth = 3.0 * sentence.question + 2.0 * (place == 0)
    worth += 4.0 * bool(_VITAL.search(sentence.text) or _RED_FLAG.search(sentence.text))
    worth += 2.0 * bool(lexicon.symptom.search(sentence.text)) + 1.0 * any(c.isdigit() for c in sentence.text)
    return worth - 0.1 * place
