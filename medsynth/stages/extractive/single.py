"""A single question and answer, taken apart: opening, history by questions, the question, advice.

The patient opens with the chief complaint only; what else they wrote is asked for slot by slot, in the
order of history taking, and said in their own words and order; their question comes last. Where a text
holds two slots or more the doctor asks at least twice. Nothing is asked that the patient has already said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from medsynth.records import Reason, Rejected
from medsynth.stages.extractive.advice import contained, tokens, write_advice
from medsynth.stages.extractive.pieces import Limits, Script, Sentence, make_sentence, pack, trim
from medsynth.stages.extractive.said import shortened
from medsynth.text.lexicon import LEXICONS
from medsynth.text.sentences import length, split_clauses
from medsynth.text.slots import HISTORY, Unit, classify, patient_units, scores, segments, thoughts

_NOT_A_COMPLAINT = ("question", "demographics", "allergies", "family", "habits")
# Rather not what a consultation begins with.
_TREATED = ("tests", "medicines")
_COMPLAINT = ("onset", "duration", "place", "character", "severity", "accompanying", "modifiers")
# Asked in this order; within a phase in the order of the text, which its sentences lean on.
_PHASES = {**dict.fromkeys(_COMPLAINT, 0), **dict.fromkeys(_TREATED, 1), "more": 3}
# The second question covers the first slot too.
_COVERED = (
    ("duration", "onset"),
    ("demographics", "history"),
    ("family", "history"),
    ("severity", "character"),
    ("place", "character"),
    ("modifiers", "character"),
    ("accompanying", "character"),
)
# Asked again, these would sound as if the doctor had not listened.
_ASKED_ONCE = HISTORY - {"accompanying", "character", "history"}
_WEIGHTY = ("onset", "duration", "medicines", "allergies", "more")
# Below this a text is asked as it stands.
_TREATMENT = 5
# From this weight on a slot counts as filled.
_FILLED = 4
_MIN_QUESTIONS = 2
# So many turns may what a patient asks last take.
_QUESTION_TURNS = 2
# Two Chinese sentences may hold a whole history; longer ones than this are taken apart.
_BRIEF_ZH = 48
# A text this long is cut finer where that finds more to ask.
_MIN_FINE = 12
_BARE_TIME_ZH = re.compile(
    r"(?:已经|已|大概|差不多)?有?[\d一二两三四五六七八九十几半多]{1,4}(?:多|来)?个?[天周月年](?:多)?了?[，,]"
)
# Says nothing by itself: "what now", "working like this", "we do not understand it".
_HANGS_ZH = re.compile(
    r"\W*(?:我?(?:该|应该|应当)?(?:怎么办|咋办|怎办|怎么治疗?|怎么回事)[啊呀呢]?\W*\Z|(?:在|像)?(?:这|那|此)(?:种|样|个|是)"
    r"|我?(?:也|就)?不(?:知道?|晓得|清楚)(?:能不能|可不可以|该不该|行不行|会不会|要不要|怎么办))"
)
# A word that only leads on to something.
_NOTHING_ZH = re.compile(r"\W*(?:所以|因此|但是?|可是|然后|后来|而且|另外|还有|就是|现在|请问)\W*")
_FEARED_ZH = re.compile(r"担心|害怕|(?<!不)怕|忧心|遗传给|会(?:不会)?(?:隔代)?遗传")
_PUZZLED_ZH = re.compile(r"不(?:是)?(?:很|太|怎么)?(?:懂|明白|了解|清楚)(?:的|了|啊)?\W*\Z")
# A story that goes on: it may be told after "and then?".
_GOES_ON_ZH = re.compile(r"\W*(?:然后|后来|之后|接着|但是?|可是|不过|所以|结果)")
# A question that another one holds so much of is the same.
_AGAIN = 0.7
_SHORT = {"en": 24, "zh": 32}
# From this length on a complaint and a question are not said in one breath.
_APART_ZH = 24
_MIN_TOLD_ZH = 8
_TOLD_ZH = 50
# A wish or a fear: no finding that could be asked for.
_WISH_ZH = re.compile(
    r"\W*我?(?:们)?(?:真的|实在|很|就是|也|只)*(?:不想|不希望|希望|想(?!吐)|担心|害怕|怕(?!冷|热|光|风))"
)


@dataclass(frozen=True)
class Part:
    """A unit with the sentence(s) it is said as."""

    slot: str
    unit: Unit
    said: Sentence

    @property
    def size(self) -> int:
        """Length in words (en) or characters (zh)."""
        return self.said.size


def write(script: Script, limits: Limits) -> Rejected | dict[str, float]:
    """Write the dialogue into `script`; return its figures, or why there is none."""
    told = tell(script, limits)
    if isinstance(told, Rejected):
        return told
    return write_advice(script, 1, limits, script.source[0].text) or told


def tell(script: Script, limits: Limits) -> Rejected | dict[str, float]:
    """Write what the patient tells in the first turn of the source, asked for by frames; return its figures."""
    text, lang = script.source[0].text, script.lang
    parts = _parts(script, lang, limits.turn)
    if not parts:
        return Rejected(Reason.NO_COMPLAINT, "the patient's text cannot be said" if text.strip() else "")
    if LEXICONS[lang].malformed.search(text):
        return Rejected(Reason.NO_COMPLAINT, "the question is put together from a title")
    if _loses_question(script, parts, lang):
        return Rejected(Reason.NO_COMPLAINT, "the patient's question cannot be said")
    total = sum(part.size for part in parts)
    held = _held(parts)
    if held < _MIN_QUESTIONS and lang == "zh" and total >= _MIN_FINE and script.kind != "safety":
        finer = _parts(script, lang, limits.turn, fine=True)
        if _held(finer) >= _MIN_QUESTIONS:
            parts, held = finer, _held(finer)
            total = sum(part.size for part in parts)
    opening, rest = _opening(script, parts, total, limits, held)
    if not opening:
        return Rejected(Reason.NO_COMPLAINT, "nothing short enough to open with")
    script.say("patient", [part.said for part in opening])
    questions = [part.said for part in rest if part.slot == "question" and part.size <= limits.turn]
    questions = trim(questions, _QUESTION_TURNS * limits.turn, [False] * len(questions))
    told = [part for part in rest if part.slot != "question"]
    wanted = _MIN_QUESTIONS - bool(questions) if held > 1 and limits.followups else 0
    asked = _ask(script, told, opening, limits, wanted)
    for number, part in enumerate(pack(questions, limits.turn, limits.turn)):
        script.say("doctor", [], "continue" if number else "question")
        script.say("patient", part)
    return {
        "opening_share": round(sum(p.size for p in opening) / max(1, total), 3),
        "followups": float(asked + bool(questions)),
        "patient_units": float(len(parts)),
        "slots": float(held),
    }


def holds_history(script: Script, limits: Limits) -> bool:
    """Return whether the first turn of the source is long enough, and fills slots enough, to be asked for."""
    parts = _parts(script, script.lang, limits.turn)
    return sum(part.size for part in parts) > limits.aim and _held(parts) >= _MIN_QUESTIONS


def _loses_question(script: Script, parts: Sequence[Part], lang: str) -> bool:
    """Return whether the text asks something, and no part that can be said does."""
    if any(part.slot == "question" for part in parts):
        return False
    return any(unit.slot == "question" for unit in patient_units(script.source[0].text, lang))


def _held(parts: Sequence[Part]) -> int:
    """Return how many slots of the history these parts fill."""
    return len(HISTORY & {part.slot for part in parts})


def _parts(script: Script, lang: str, limit: int, *, fine: bool = False) -> list[Part]:
    """Return the patient's units that can be said, repeated ones once."""
    parts: list[Part] = []
    for unit in patient_units(script.source[0].text, lang, fine=fine):
        unit = _once(_of_patient(script, unit), script.source[0].text, lang)
        said = make_sentence(script.source, 0, unit.ranges, lang)
        if said.fate == "kept" and said.size <= limit:
            parts.append(Part(unit.slot, unit, said))
            continue
        # Too much for one turn, or something in it cannot be said: piece by piece.
        for start, end in unit.ranges:
            for piece in shortened(script.source[0].text, start, end, lang, limit):
                said = make_sentence(script.source, 0, [piece], lang)
                if said.fate == "kept" and said.size <= limit:
                    slot = unit.slot
                    asking = slot == "question" and any(
                        part.slot == "question" and part.unit.start >= start for part in parts
                    )
                    if slot == "question" and piece != (start, end) and not asking:
                        # Not every piece of a long sentence that asks is a question; what follows one goes on.
                        found = classify(script.source[0].text[slice(*piece)], lang)
                        slot = "character" if found in ("other", "thanks") else found
                    parts.append(Part(slot, Unit(slot, (piece,)), said))
    parts = [part for part in parts if not _NOTHING_ZH.fullmatch(part.said.text)]
    words = [tokens(part.said.text, lang) for part in parts]
    gone: set[int] = set()
    for i, mine in enumerate(words):
        others = [j for j in range(len(parts)) if j != i and j not in gone]
        for j in others:
            share = contained(mine, words[j])
            shorter = len(mine) < len(words[j]) or (len(mine) == len(words[j]) and i > j)
            title = i == 0 and parts[0].slot == parts[j].slot == "question"  # asked again in full below
            same = parts[i].slot != "question" or parts[j].slot == "question"
            if (share >= 0.75 and shorter and same) or (share >= 0.5 and title):
                gone.add(i)
                break
        else:
            union = set().union(*(words[j] for j in others)) if others else set()
            again = any(parts[j].slot == "question" for j in others)
            if i == 0 and parts[0].slot == "question" and again and contained(mine, union) >= 0.8:
                gone.add(i)
    return [part for i, part in enumerate(parts) if i not in gone]


def _once(unit: Unit, text: str, lang: str) -> Unit:
    """Return a Chinese unit of questions without the one that another of them asks again.

    A title above its text goes, or the end of a sentence that comes back to its beginning.
    """
    if lang != "zh" or unit.slot != "question":
        return unit
    clauses = [clause for a, b in unit.ranges for clause in split_clauses(text, a, b, lang)]
    if len(clauses) < 2:
        return unit
    words = [tokens(text[a:b], lang) for a, b in clauses]
    first, last = clauses[0], clauses[-1]
    kept = unit.ranges
    if max(contained(words[0], other) for other in words[1:]) >= _AGAIN and len(words[0]) > 3:
        if first[1] >= unit.ranges[0][1] and len(unit.ranges) > 1:
            kept = unit.ranges[1:]
        elif words[-1] and contained(words[0], words[-1]) >= _AGAIN and last[0] > unit.ranges[-1][0]:
            kept = (*unit.ranges[:-1], (unit.ranges[-1][0], clauses[-2][1]))
    return Unit(unit.slot, kept)


def _of_patient(script: Script, unit: Unit) -> Unit:
    """Return the unit with what seemed to be family history as a complaint, where kin is the patient."""
    said = " ".join(script.source[0].text[a:b] for a, b in unit.ranges)
    if (
        unit.slot == "family"
        and script.speaker == "other"
        and not LEXICONS[script.lang].inherited.search(said)
    ):
        return Unit("character", unit.ranges)
    return unit


def _opening(
    script: Script, parts: list[Part], total: int, limits: Limits, held: int
) -> tuple[list[Part], list[Part]]:
    """Return what the patient opens with, and the rest in order; all at once where there is little to ask.

    `held` is the number of different slots of the history in `parts`.
    """
    lang = script.lang
    text = script.source[0].text
    sentences = len({a for a, b in segments(text, lang) for part in parts if a <= part.unit.start < b})
    brief = sentences <= 2 and (lang == "en" or total <= _BRIEF_ZH)
    whole = (held < _MIN_QUESTIONS or script.kind == "safety") and total <= limits.turn
    apart = lang == "zh" and total >= _APART_ZH and any(part.slot == "question" for part in parts)
    apart = apart and sum(part.size for part in parts if part.slot != "question") >= _MIN_TOLD_ZH
    apart = apart and not all(_HANGS_ZH.match(part.said.text) for part in parts if part.slot == "question")
    whole = whole and (
        script.kind == "safety"
        or (brief and not apart)
        or (total <= _SHORT[lang] and not apart)
        or all(part.slot == "question" for part in parts)
    )
    if whole:
        return parts, []
    place = _complaint(parts, lang)
    if place is None:
        # Only questions, and what is no complaint: the first question opens.
        short = [i for i, part in enumerate(parts) if part.size <= limits.turn]
        begins = [i for i in short if not (lang == "zh" and _HANGS_ZH.match(parts[i].said.text))]
        first = next((i for i in begins if parts[i].slot == "question"), begins[0] if begins else None)
        first = short[0] if first is None and short else first
        return ([], parts) if first is None else ([parts[first]], parts[:first] + parts[first + 1 :])
    if apart and held < _MIN_QUESTIONS:
        # One thing to tell and a question: it is told as a whole, then the doctor asks what the question is.
        told = [n for n, part in enumerate(parts) if part.slot != "question"]
        together = told == list(range(told[0], told[-1] + 1)) and told[0] <= place
        if together and sum(parts[n].size for n in told) <= _TOLD_ZH:
            return [parts[n] for n in told], [part for part in parts if part.slot == "question"]
    budget = min(max(int(total * limits.opening_share), 1), limits.turn)
    head, tail = _cut_to(script, parts[place], budget, limits.turn)
    parts = [*parts[:place], head, *tail, *parts[place + 1 :]]
    if head.size > limits.turn:
        return [], parts
    chosen = [place]
    size = head.size
    for near in (place - 1, place + 1):
        if not 0 <= near < len(parts):
            continue
        # "Last month I went upstairs, fell down the steps": the beginning of the same sentence.
        begun = near < place and parts[near].slot not in ("question", "demographics")
        begun = begun and _one_sentence(parts, near, text, lang)
        room = budget + budget // (2 if begun else 4) if near < place else budget
        if (begun or parts[near].slot == "demographics") and size + parts[near].size <= min(
            room, limits.turn
        ):
            chosen.append(near)
            size += parts[near].size
    last = max(chosen)
    lexicon = LEXICONS[lang]
    while last + 1 < len(parts) and not tail:
        # An opening that says too little, or not yet what is wrong, goes on in the patient's own order.
        following = parts[last + 1]
        tiny = size < (6 if lang == "en" else 10)
        vague = not any(lexicon.symptom.search(parts[i].said.text) for i in chosen)
        if not (tiny or vague) or following.slot in _NOT_A_COMPLAINT or size + following.size > budget:
            break
        last += 1
        chosen.append(last)
        size += following.size
    return [parts[i] for i in sorted(chosen)], [p for i, p in enumerate(parts) if i not in chosen]


def _one_sentence(parts: Sequence[Part], place: int, text: str, lang: str) -> bool:
    """Return whether part `place` and the next are of one sentence."""
    first, second = parts[place].unit.start, parts[place + 1].unit.start
    return any(a <= first < b and a <= second < b for a, b in segments(text, lang))


def _complaint(parts: Sequence[Part], lang: str) -> int | None:
    """Return the place of the unit that says what brings the patient here."""
    lexicon = LEXICONS[lang]

    asks = any(part.slot == "question" for part in parts)

    def stands(i: int) -> bool:
        part = parts[i]
        if part.slot in _NOT_A_COMPLAINT:
            return False
        if lang == "zh" and asks and _BARE_TIME_ZH.match(part.said.text):
            return False  # "two years now, and ...": of what, only the question says
        if lang == "zh" and _PUZZLED_ZH.search(part.said.text):
            return False
        return i == 0 or not (part.said.leans or lexicon.connective.match(part.said.text))

    candidates = [i for i in range(len(parts)) if stands(i)]
    for place, i in enumerate(candidates):
        said = parts[i].said.text
        telling = lexicon.symptom.search(said) or lexicon.kin.search(said)
        if place == 0 and (telling or (lang == "en" and parts[i].slot not in _TREATED)):
            return i  # people begin with what matters
        if telling and parts[i].slot not in _TREATED:
            return i
    if not candidates or asks:
        return None
    return candidates[0]


def _cut_to(script: Script, part: Part, budget: int, limit: int) -> tuple[Part, list[Part]]:
    """Cut a unit that is too long for an opening after a sentence or clause; the rest is asked for."""
    if part.size <= budget:
        return part, []
    lang, text = script.lang, script.source[0].text
    lexicon = LEXICONS[lang]
    pieces: list[tuple[int, int]] = []
    for start, end in part.unit.ranges:
        pieces.extend(thoughts(text, start, end) if lang == "zh" else [(start, end)])
    best = 0
    for going_on in (False, True):
        for count in range(1, len(pieces)):
            size = length(text[pieces[0][0] : pieces[count - 1][1]], lang)
            following = text[slice(*pieces[count])]
            if (best and size > budget) or (
                lexicon.connective.match(following) and not (going_on and _GOES_ON_ZH.match(following))
            ):
                continue
            if size >= (4 if lang == "en" else 6):
                best = count
            if size > budget:
                break
        if best and length(text[pieces[0][0] : pieces[best - 1][1]], lang) <= budget:
            break
        best = 0 if not going_on else best
    if not best:
        return part, []
    while best < len(pieces) - 1 and not lexicon.symptom.search(text[pieces[0][0] : pieces[best - 1][1]]):
        # Not yet what is wrong: a little more, where that says it.
        size = length(text[pieces[0][0] : pieces[best][1]], lang)
        if size > min(budget * 3 // 2, limit) or not lexicon.symptom.search(text[slice(*pieces[best])]):
            break
        best += 1
    head = _join(script, part.slot, pieces[:best])
    slot = classify(text[pieces[best][0] : pieces[-1][1]], lang)
    tail = _join(script, "character" if slot in ("other", "question", "thanks") else slot, pieces[best:])
    if head.said.fate != "kept" or tail.said.fate != "kept":
        return part, []
    return head, [tail]


def _join(script: Script, slot: str, pieces: Sequence[tuple[int, int]]) -> Part:
    """Return pieces as a part; neighbouring clauses of one sentence become one span."""
    text = script.source[0].text
    ranges = [pieces[0]]
    for start, end in pieces[1:]:
        gap = text[ranges[-1][1] : start]
        if not gap.strip() and "\n" not in gap and text[ranges[-1][1] - 1] not in "。！？!?.；;":
            ranges[-1] = (ranges[-1][0], end)
        else:
            ranges.append((start, end))
    unit = Unit(slot, tuple(ranges))
    return Part(slot, unit, make_sentence(script.source, 0, unit.ranges, script.lang))


def _ask(script: Script, parts: Sequence[Part], opening: Sequence[Part], limits: Limits, wanted: int) -> int:
    """Let the doctor ask for each slot that is left, the patient answer; return the number of questions.

    At least `wanted`: a long answer is asked for in two parts, and last the doctor asks whether that is all.
    """
    lang = script.lang
    groups: dict[str, list[Part]] = {}
    said = _filled([part.said.text for part in opening], lang)
    for part in parts:
        groups.setdefault(_slot(script, part, said), []).append(part)
    _merge(groups, limits.followups)
    begins = min((group[0].unit.start for group in groups.values()), default=0)

    def order(slot: str) -> tuple[int, int]:
        start = groups[slot][0].unit.start
        phase = _PHASES.get(slot, 2)
        return (-1 if slot == "more" and start == begins else phase), start

    answers: list[tuple[str, list[Part]]] = []
    for slot in sorted(groups, key=order):
        for number, answer in enumerate(_chunks(groups[slot], limits.turn)):
            answers.append(("more" if number else slot, answer))
    if answers and len(answers) < wanted:
        slot, answer = max(answers, key=lambda pair: len(pair[1]))
        place = answers.index((slot, answer))
        cut = next((n for n in range(1, len(answer)) if not answer[n].said.leans), 0)
        if cut:
            answers[place : place + 1] = [(slot, answer[:cut]), ("more", answer[cut:])]
    for slot, answer in answers:
        frame = "more" if slot in said else slot
        script.say("doctor", [], frame)
        script.say("patient", [part.said for part in answer])
        said |= _filled([part.said.text for part in answer], lang)
    if len(answers) >= wanted:
        return len(answers)
    script.say("doctor", [], "anything")
    script.say("patient", [], "done")
    return len(answers) + 1


def _slot(script: Script, part: Part, said: frozenset[str]) -> str:
    """Return what to ask to be told `part`: its slot, or "more" where no question of its own fits."""
    lang, text, slot = script.lang, part.said.text, part.slot
    lexicon = LEXICONS[lang]
    if slot in ("onset", "duration"):
        if scores(text, lang).get("medicines", 0) >= _TREATMENT:
            slot = "medicines"  # how long something was taken, not how long it has lasted
        elif not (lexicon.since.search(text) or lexicon.duration.search(text)):
            return "more"
    elif slot in ("character", "accompanying", "severity", "place") and lang == "zh":
        if not lexicon.symptom.search(text) or _WISH_ZH.match(text):
            return "more"
    elif slot == "family" and lang == "zh" and _FEARED_ZH.search(text):
        slot = "more"  # what may come of it, not who has it
    elif slot == "child" and not script.child:
        slot = "history"
    elif slot == "reproductive" and script.child:
        slot = "child"
    return "more" if slot == "other" or slot in said else slot


def _filled(texts: Sequence[str], lang: str) -> frozenset[str]:
    """Return the slots that these texts have already filled, of those that are asked only once."""
    found = {
        slot for text in texts for slot, weight in scores(text, lang).items() if weight >= _FILLED
    } & _ASKED_ONCE
    if found & {"onset", "duration"} or any(LEXICONS[lang].since.search(text) for text in texts):
        found |= {"onset", "duration"}
    return frozenset(found)


def _merge(groups: dict[str, list[Part]], count: int) -> None:
    """Join slots until there are at most `count`: those that one question covers, then the smallest."""
    for slot, into in _COVERED:
        if len(groups) > count and slot in groups and into in groups:
            groups[into] = sorted(groups[into] + groups.pop(slot), key=lambda part: part.unit.start)
    while len(groups) > max(count, 1):
        minor = [s for s in groups if s not in _WEIGHTY] or [s for s in groups if s != "more"]
        smallest = min(minor, key=lambda s: sum(part.size for part in groups[s]))
        moved = groups.pop(smallest) + groups.get("more", [])
        groups["more"] = sorted(moved, key=lambda part: part.unit.start)


def _chunks(parts: Sequence[Part], limit: int) -> list[list[Part]]:
    """Distribute parts, in order, over turns; a part that no turn can hold is left out."""
    chunks: list[list[Part]] = []
    size = 0
    for part in parts:
        if part.size > limit:
            continue
        if not chunks or size + part.size > limit:
            chunks.append([])
            size = 0
        chunks[-1].append(part)
        size += part.size
    return chunks
