"""What a stretch of a patient's text is about, in the order in which a doctor takes a history.

Scores of word patterns, no model: `classify` names the slot that a sentence or clause fills, and
`patient_units` cuts a whole text into stretches of one slot each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from medsynth.text.lexicon import LEXICONS
from medsynth.text.sentences import split_clauses, split_sentences

# Ties go to the slot that stands first.
_TIES = [
    "question",
    "allergies",
    "family",
    "tests",
    "medicines",
    "demographics",
    "reproductive",
    "child",
    "history",
    "habits",
    "modifiers",
    "duration",
    "onset",
    "accompanying",
    "place",
    "severity",
    "character",
]
# What a patient's text can hold of their history, in the terms of the frames.
HISTORY = frozenset(_TIES) - {"question"}
_TIMES = ("onset", "duration")
# A clause of English that can stand alone, after ", and".
_INDEPENDENT = re.compile(
    r"[,;]\s+(?P<joint>(?:and|so|then|but)\s+)?(?=(?:i|it|he|she|they|we|there|now|my|the)(?:'\w+)?\s+\w+)",
    re.I,
)
_DROPPED_JOINTS = ("and", "so", "then")
_MIN_CLAUSE = {"en": 4, "zh": 8}
_STRONG = 6
_FINE = 5
_SHORT_TIME = 12
# The second half of a thought, whatever it is about.
_FINISHES_ZH = re.compile(r"\W*(?:就|才|却|导致|造成|引起|使|让|以至|反而|也|都|的|了)")
_STRONG_ZH = re.compile(r"\W*(?:但|可是|不过|所以|因此|后来|然后|于是|结果|而且|并且|之后|可)")


# Headings without a colon, numbered questions, and what simulated doctors call their steps.
_HEADINGS = {
    "zh": re.compile(
        r"(?:(?<=[。！？!?；;，,\n])|\A)\s*(?:"
        r"(?:指导意见|意见建议|指导建议|病情分析|问题分析|病例分析|原因分析|健康指导|心理指导|专家建议|温馨提示)"
        r"(?:[，,。]\s*|(?=可以|建议|您|你|需要|应该|平时|注意|首先|这个|这种|对于|如果|最好|不要|避免|多(?:吃|喝|注意|休息)|给予))"
        r"|[问答](?:题)?(?:[1-9](?!\d)\s*[：:、.．，,]?|[一二三四五]\s*[：:、.．，,])\s*(?=[\u4e00-\u9fff])"
        r"|患者\s*[:：]\s*(?=[男女])|(?:等待患者的?反馈|问诊|进一步了解|考虑检查)\s*[：:]\s*)"
    ),
    # A title that the sentence begins with once more: "Iris The iris is ...", "Early stage Early stage means ...".
    "en": re.compile(
        r"(?:(?<=[.!?:\n] )|(?<=\n)|\A)(?:[ \t]*(?i:key points)\s*:\s*"
        r"|(?P<title>[A-Z][\w'-]+(?: [\w'-]+){1,5}) (?=(?:The |An? )?(?i:(?P=title))\b)"
        r"|(?P<word>[A-Z][\w'-]{3,}) (?=(?:The|An?) (?i:(?P=word))\b))"
    ),
}
# Asks for help, and tells nothing.
_PLEA_ZH = re.compile(
    r"\W*(?:请|麻烦|烦劳|劳烦|希望|望|恳请|拜托)(?!问)[^，。？?]{0,8}"
    r"(?:指导|看看|看下|看一下|解答|解惑|解释|答复|帮忙|帮帮|建议)(?:一下|下)?[吧啊呀]?\W*"
)
_WISH_ZH = re.compile(
    r"\W*(?:我|所以|就)*(?:很|特别)?想(?:找|要|寻求)[^，。]{0,8}(?:办法|方法|治疗|药)[^，。]{0,6}\W*\Z"
)
_NO_IDEA_ZH = re.compile(
    r"我?也?不(?:知道?|晓得|清楚)是?(?:为什么|为啥|怎么回事|什么原因|为何|咋回事|怎么了?)[，,]\s*(?=[^？?]*\Z)"
)
_TOPIC_ZH = re.compile(
    r"\W*(?:但是?|可是?)?(?:我?也?不(?:知道?|晓得|清楚)是?(?:为什么|为啥|怎么回事|什么原因|为何|咋回事)|这(?:个|次)?(?:暑假|寒假|春节|假期|夏天|冬天|周末))\W*"
    r"|\W*(?:[您你]好)?\W*(?:在?(?:这|此)种?情况下?|像[^，。]{1,14}|对于?[^，。]{1,12}|针对[^，。]{1,10}|这样子?(?:的话)?|[^，。]{1,10}(?:的话|后|之后|以后|时|的时候|期间))\W*"
)
# A tag makes a question of the clause before it.
_TAG_ZH = re.compile(r"\W*(?:是吗|是吧|对吗|对不对|对吧|是不是|行吗|行不行|可以吗|好吗|好不好|真的吗)\W*")


_VOCATIVE = re.compile(r"\W*(?:doctor|doc|dr|sir|madam|ma'am|医生|大夫)\W*", re.I)
# A wish that is stuck to advice: "多喝水祝您健康".
_WISHED_ZH = re.compile(
    r"(?<=[\u4e00-\u9fff])(?<!庆)(?:最后|衷心|预)?祝[你您][^，。！!？?；;\n]{0,14}(?=[，。！!；;\n]|\Z)"
)
# A title that the text begins with once more, without a mark between: "手腕疼手腕疼，两个月了".
_REPEATED_ZH = re.compile(r"\A([^。！？!?\n]{4,40}?)(?=\1)")


@dataclass(frozen=True)
class Unit:
    """A stretch of one source turn that fills one slot: offsets of its sentences or clauses, in order."""

    slot: str
    ranges: tuple[tuple[int, int], ...]

    @property
    def start(self) -> int:
        """The offset where the stretch begins."""
        return self.ranges[0][0]


def scores(text: str, lang: str) -> dict[str, int]:
    """Return the weight of the strongest pattern of each slot in `text`; slots without one are left out."""
    found: dict[str, int] = {}
    for slot, weight, pattern in LEXICONS[lang].slots:
        if weight > found.get(slot, 0) and pattern.search(text):
            found[slot] = weight
    return found


def classify(text: str, lang: str) -> str:
    """Return what `text` is about: a slot of the frames, "thanks" (nothing medical) or "other"."""
    return _classified(text, lang)[0]


def _classified(text: str, lang: str) -> tuple[str, int]:
    if lang == "zh":
        if _PLEA_ZH.fullmatch(text):
            return "thanks", 0
        if _WISH_ZH.match(text):
            return "question", _STRONG
        text = _NO_IDEA_ZH.sub("", text)  # "不知道为什么，汗变酸了": no question
    found = scores(text, lang)
    marked = text.rstrip().endswith(("?", "？", "吗"))
    if "question" in found and not marked and LEXICONS[lang].not_question.search(text):
        del found["question"]
    if found.get("question", 0) < 9 and LEXICONS[lang].thanks.search(text):
        return "thanks", 0
    if not found:
        return "other", 0
    best = max(found.values())
    return next(slot for slot in _TIES if found.get(slot) == best), best


def skip_greeting(text: str, start: int, end: int, lang: str) -> int:
    """Return where `text[start:end]` begins without its greeting (`start` when nothing else is there)."""
    match = LEXICONS[lang].greeting.match(text, start, end)
    if match and any(char.isalnum() for char in text[match.end() : end]):
        # "Thanks, doctor": all of it is the greeting.
        return start if _VOCATIVE.fullmatch(text, match.end(), end) else match.end()
    return start


@lru_cache(maxsize=64)
def labels(text: str, lang: str) -> tuple[tuple[int, int], ...]:
    """Return where section labels ("病情分析：", "Answer:") and headings within a line ("，指导意见，") stand."""
    found = [match.span() for match in LEXICONS[lang].label.finditer(text)]
    taken = {at for a, b in found for at in range(a, b)}
    more = [m.span() for m in _HEADINGS[lang].finditer(text)]
    if lang == "zh":
        more += [m.span() for m in _WISHED_ZH.finditer(text)]
        more += [m.span() for m in _REPEATED_ZH.finditer(text)]
    for span in more:
        if not taken & set(range(*span)):
            found.append(span)
            taken.update(range(*span))
    return tuple(sorted(found))


def segments(text: str, lang: str) -> Iterator[tuple[int, int]]:
    """Yield the sentences of `text` as offsets, with section labels and greetings left out."""
    start = 0
    for left, right in [*labels(text, lang), (len(text), len(text))]:
        for a, b in split_sentences(text[start:left], lang):
            for c, d in _between_greetings(text, start + a, start + b, lang):
                c = skip_greeting(text, c, d, lang)
                if any(char.isalnum() for char in text[c:d]):
                    yield c, d
        start = right


def _between_greetings(text: str, start: int, end: int, lang: str) -> list[tuple[int, int]]:
    """Cut a Chinese sentence before a greeting that somebody put in its middle."""
    if lang != "zh" or ("您好" not in text[start + 1 : end] and "你好" not in text[start + 1 : end]):
        return [(start, end)]
    cuts = [
        match.start()
        for match in LEXICONS[lang].greeting.finditer(text, start, end)
        if match.start() - start >= _MIN_CLAUSE["zh"] // 2
        and end - match.end() >= _MIN_CLAUSE["zh"] // 2
        and text[match.start() - 1] not in "对为祝给是说问想再"
    ]
    return list(pairwise([start, *cuts, end]))


def _english_clauses(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Cut a sentence before independent clauses that are about something else."""
    parts: list[tuple[int, int]] = []
    left = start
    for match in _INDEPENDENT.finditer(text, start, end):
        before, after = text[left : match.start()], text[match.end() : end]
        if len(before.split()) < _MIN_CLAUSE["en"] or len(after.split()) < _MIN_CLAUSE["en"]:
            continue
        if re.match(
            r"\W*(?:when|if|as|while|after|before|because|although|though|since|whenever|once|until)\b",
            before,
            re.I,
        ):
            continue
        slots = classify(before, "en"), classify(after, "en")
        if slots[0] == slots[1] or "other" in slots or "thanks" in slots:
            continue
        joint = (match.group("joint") or "").strip().lower()
        parts.append((left, match.start() + 1))
        left = match.end() if joint in _DROPPED_JOINTS else match.start("joint") if joint else match.end()
    parts.append((left, end))
    return parts


def _with_topics(clauses: list[tuple[int, int]], text: str) -> list[tuple[int, int]]:
    """Join a Chinese clause that only names a topic ("像我们这样的人，") to the clause about it."""
    joined: list[tuple[int, int]] = []
    topic: int | None = None
    for left, right in clauses:
        start = left if topic is None else topic
        if _TOPIC_ZH.fullmatch(text, left, right) and right < clauses[-1][1]:
            topic = start
            continue
        joined.append((start, right))
        topic = None
    return joined


def thoughts(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Return the clauses of Chinese `text[start:end]`, one that only names a topic with the one about it."""
    return _with_topics(split_clauses(text, start, end, "zh"), text)


def patient_units(text: str, lang: Literal["en", "zh"] | str, *, fine: bool = False) -> list[Unit]:
    """Return what a patient's text holds as units of one slot each, in order; greetings and thanks left out.

    Neighbouring clauses stay together when one leans on the other ("but", "所以"). `fine` cuts a text
    in Chinese, which runs on, wherever a clause is about something else.
    """
    lexicon = LEXICONS[lang]
    units: list[Unit] = []
    for start, end in segments(text, lang):
        clauses = thoughts(text, start, end) if lang == "zh" else _english_clauses(text, start, end)
        fresh = True  # the first clause of a sentence
        announced = False  # "请问": what follows belongs to the question, until it is asked
        for left, right in clauses:
            left = skip_greeting(text, left, right, lang)
            clause = text[left:right]
            if not any(char.isalnum() for char in clause):
                continue
            slot, weight = _classified(clause, lang)
            asks = lexicon.asks.search(clause) is not None
            if slot == "thanks" and not announced:
                continue
            if announced and units and not fresh:
                units[-1] = Unit("question", _extend(units[-1].ranges, (left, right), text, fresh))
                announced = not asks
                continue
            choice = clause.startswith("还是") and bool(units) and units[-1].slot == "question"
            if lang == "zh" and units and not fresh and (choice or _TAG_ZH.fullmatch(clause)):
                units[-1] = Unit(units[-1].slot, _extend(units[-1].ranges, (left, right), text, fresh))
                continue
            announced = slot == "question" and not asks and lexicon.lead.search(clause) is not None
            last = units[-1] if units else None
            leans = lexicon.connective.match(clause) is not None
            own = slot == "other" and last is not None and last.slot == "demographics"
            if own and lexicon.symptom.search(clause):
                units.append(Unit("character", ((left, right),)))
            elif last is not None and _joins(last, slot, weight, leans, fresh, clause, lang, fine):
                merged_slot = slot if last.slot == "other" else last.slot
                units[-1] = Unit(merged_slot, _extend(last.ranges, (left, right), text, fresh))
            else:
                if slot == "other" and units and lexicon.symptom.search(clause):
                    slot = "accompanying"
                units.append(Unit(slot, ((left, right),)))
            fresh = False
    return units


def _joins(
    last: Unit, slot: str, weight: int, leans: bool, fresh: bool, clause: str, lang: str, fine: bool
) -> bool:
    if slot == "question" or last.slot == "question":
        tail = lang == "zh" and not fresh and weight < _STRONG and len(clause) < _MIN_CLAUSE["zh"]
        return slot == last.slot or (tail and last.slot == "question")
    if slot == "demographics" or (last.slot == "demographics" and slot != "other"):
        return slot == last.slot
    if leans and (lang == "en" or not fresh or _STRONG_ZH.match(clause)):
        told = fine and slot in ("tests", "medicines") and slot != last.slot and weight >= _STRONG
        return not told or _STRONG_ZH.match(clause) is not None or _FINISHES_ZH.match(clause) is not None
    if lang == "en" or fresh:
        return False
    if fine and slot == "other" and last.slot in (*_TIMES, "medicines"):
        return LEXICONS[lang].symptom.search(clause) is None  # "two years now, mostly the stomach hurts"
    # Chinese runs on: a clause starts a stretch of its own only where it is clearly about something else.
    own = slot in _TIMES and weight >= 5  # "三天了"
    least = _MIN_CLAUSE["zh"] // 2 if fine else _MIN_CLAUSE["zh"]
    short = sum(b - a for a, b in last.ranges) < least or (len(clause) < least and not own)
    if slot in _TIMES and (len(clause) > _SHORT_TIME or last.slot in ("tests", "medicines", "history")):
        return True  # a date inside a story, not an answer to "since when"
    return slot == last.slot or short or weight < (_FINE if fine else _STRONG)


def _extend(
    ranges: tuple[tuple[int, int], ...], more: tuple[int, int], text: str, fresh: bool
) -> tuple[tuple[int, int], ...]:
    """Add a range; clauses of one sentence become one span."""
    gap = text[ranges[-1][1] : more[0]]
    if not fresh and not gap.strip():
        return (*ranges[:-1], (ranges[-1][0], more[1]))
    return (*ranges, more)
