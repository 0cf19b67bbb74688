"""Which exchanges of a conversation stay where not all can, and what has to go with those that do not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from medsynth.stages.extractive.advice import contained, tokens
from medsynth.stages.extractive.items import BARE, Item
from medsynth.stages.extractive.pieces import Sentence, asks
from medsynth.text.lexicon import LEXICONS
from medsynth.text.slots import HISTORY, scores

# What to do if it does not go as expected.
SAFETY_NET = re.compile(
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
# Exchanges at the beginning that are rather kept.
_BEGINNING = 3
# Exchanges at the end that are rather kept where the doctor says something of use in them.
_ENDING = 2
# A sentence of this length says something, whatever it leans on.
_MATTERS = 8


def afresh(item: Item, gone: Item | None = None, lang: str = "en") -> Item:
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
        begin = next((n for n, s in enumerate(said) if s.size > BARE), 0)  # more would be lost than gained
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
    useful = [lexicon.assessment, lexicon.symptom, _RED_FLAG, _REFERRAL, SAFETY_NET]
    if not _OF_DOCTOR.match(sentence.text):
        useful.append(lexicon.advice)
    if sentence.must or any(pattern.search(sentence.text) for pattern in useful):
        return False
    return sentence.size <= (_MATTERS if lang == "en" else 2 * _MATTERS)


def _wonders(item: Item) -> bool:
    """Return whether a patient's turn ends by asking, marked or not."""
    return bool(item.said) and (asks(item.said[-1]) or _WONDERS.match(item.said[-1].text) is not None)


def _fresh(sentence: Sentence) -> bool:
    return not sentence.leans and (sentence.question or sentence.size > BARE)


def capped(items: list[Item], exchanges: int, lang: str) -> list[Item]:
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
        result += block if n == last + 1 else [afresh(block[0], gone, lang), *block[1:]]
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
        hangs = sum(s.size for s in block[0].said) <= BARE
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
        worth += 3.0 * bool(SAFETY_NET.search(sentence.text))
    doctor = [s for item in block if item.role == "doctor" for s in item.said]
    return worth + 4.0 * any(_REFERRAL.search(s.text) for s in doctor)


def patient_worth(sentence: Sentence, place: int, lang: str) -> float:
    """Return what a patient's sentence is worth, at its `place` in the turn."""
    lexicon = LEXICONS[lang]
    worth = 3.0 * sentence.question + 2.0 * (place == 0)
    worth += 4.0 * bool(_VITAL.search(sentence.text) or _RED_FLAG.search(sentence.text))
    worth += 2.0 * bool(lexicon.symptom.search(sentence.text)) + 1.0 * any(c.isdigit() for c in sentence.text)
    return worth - 0.1 * place
