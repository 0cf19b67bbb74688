"""The sentences of a source turn as they can be said, each with its fate."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from medsynth.records import RawTurn
from medsynth.stages.extractive.lists import find_lists, is_echoed
from medsynth.stages.extractive.pieces import Fate, Sentence, make_sentence
from medsynth.text.lexicon import LEXICONS
from medsynth.text.sentences import bracket_pairs, length, run_breaks, speech_breaks, split_clauses
from medsynth.text.slots import segments

_HEADING_RUN = re.compile(
    r"(?:[A-Z][\w'-]*,? (?:(?:of|and|the|for|to|in|with|or|by|on) )?){1,6}"
    r"(?:As|The|In|It|There|Most|If|When|This|These|For|Many|Some|Your|You|A|An|Because|While|Although|At|To"
    r"|Doctors?|People) [a-z]"
)
# "Genetic Mutations Affecting Beta Cells."
_TITLES = {
    "en": re.compile(r"[A-Z][\w'-]*,?(?: (?:[A-Z][\w'-]*|of|and|the|for|to|in|with|or|by|on|a),?){2,11}\."),
    "zh": re.compile(
        r"(?:症状|辅助检查|检查项目|检查结果|诊断依据|治疗方案|治疗建议|(?:暂)?无|现病史|病史摘要|主诉|体格检查|查体|实验室检查"
        r"|总结|注意事项)[。：]"
    ),
}
_DIAGNOSIS_TITLE_ZH = re.compile(r"(?:初步|最终)?诊断(?:结果)?[。：:]")
# The headings of a summary, and what under them is more than a fragment: it has a subject, or a verb.
_SUMMARY_ZH = re.compile(r"症状\s*[：:。][\s\S]*诊断(?:结果|依据)?\s*[：:。]")
_SECTION_ZH = re.compile(
    r"(症状|辅助检查|检查结果|诊断结果|诊断依据|治疗方案|治疗建议|治疗|注意事项)\s*[：:。]"
)
_TOLD_ZH = ("症状", "辅助检查", "检查结果")
_SUBJECT_ZH = re.compile(r"\W*(?:患者|病人|[您你我]|根据|由于|结合|考虑|(?:初步)?诊断)")
_STATES_ZH = re.compile(
    r"显示|提示|表明|说明|证实|可能|建议|应该|需要|可以|避免|注意|保持|定期|复查|复诊|随访|服用|使用|多喝|休息|就医|就诊"
)
# What a simulated patient or doctor says about the simulation, and what usually follows it.
_SIMULATED = {
    "zh": re.compile(
        r"模拟(?:的)?(?:场景|情景|情境|对话|问诊|诊断|病例|咨询|环境|就诊)|(?:这|本次?)(?:只|仅)?是?[^，。]{0,4}(?:模拟|角色扮演)|[您你]的角色扮演"
        r"|作为(?:一个|一名)?(?:AI|人工智能)"
    ),
    "en": re.compile(
        r"\bsimulated (?:scenario|consultation|conversation|dialog(?:ue)?|patient|case|encounter|setting)\b"
        r"|\b(?:this|it) (?:is|was) (?:just |only )?an? (?:simulat\w+|role[- ]?play\w*)|\bas an AI\b",
        re.I,
    ),
}
_BESIDE_SIMULATION = {
    "zh": re.compile(r"\W*在(?:实际|真实|现实)(?:的)?(?:医疗|临床|就诊|生活|情况|环境)"),
    "en": re.compile(r"\W*in (?:reality|real life|a real|an actual)\b", re.I),
}
# A diagnosis by its name, no sentence about it.
_DIAGNOSED_ZH = re.compile(
    r"(?!根据|患者|病人|[您你]|考虑|诊断|初步|目前|经|从|无|暂|结合|由于|可能|建议|需|本例)[\u4e00-\u9fffA-Za-z]{3,24}(?:[，,][^。]{2,30})?[。；;]?\Z"
)
_CONDITIONAL_ZH = re.compile(
    r"\W*(?:如果|若|要是|假如|当|因为|由于|虽然|尽管|即使|只有|只要|除了|除非|无论|不管|为了|一旦|凡)|(?:的话|时|后|前|外|以后|之后|期间|情况下|的同时|的是|除此之外|此外|另外|同时|首先|其次|比如|例如|包括)\W*\Z"
)
_BOUND_ZH = re.compile(
    r"\W*(?:就|才|却|则|那|也|都|又|的|从而|以(?!上|下|前|后)|导致|致使|引起|使|等|尤其|特别是|甚至|并(?!发)|或|而(?!且)|且|还(?!有)|和|与|及)"
)
# Where a new thought begins.
_FRESH_ZH = re.compile(
    r"\W*(?:建议|如果|若|要是|但|不过|同时|另外|此外|平时|平常|因此|所以|一定|注意|可以|首先|其次|再次|最后|在|对于|患者|您|你|一般|目前"
    r"|应|需要|必要|饮食|生活|避免|其中|其实|由于|因为|当|这|除了|针对|而且)"
)
# The longest item of an enumeration, in characters.
_ITEM_ZH = 20
# Clauses that promise another one.
_DANGLING_ZH = re.compile(
    r"\A\W*(?:如果|如有|若|要是)|(?:外|之外|的同时|期间|过程中|的话|方面|与此同时|此外|另外|请注意|请记住)\W*\Z|\A\W*在[^，。]{5,}后\W*\Z"
)
_EN_CUT = re.compile(r"(?:;|, (?:and|but|so)(?= (?:i|you|he|she|it|they|we|the|your|this|these|if)\b))", re.I)


# What patients and doctors say to each other beside the matter, clause by clause.
_COURTESY_ZH = re.compile(
    r"\W*(?:(?:好的?|嗯|哦|非常|十分|再次|真的?|太|那就?)\W?)*(?:"
    r"(?:感谢|谢谢|多谢)(?!之前|上次)[^，。]{0,24}|(?:也|衷心)?祝(?:您|你|大夫|医生)[^，。]{0,14}"
    r"|(?:工作顺利|身体健康|万事如意|生活愉快|阖家幸福)|希望(?:我|自己)?(?:能够?|可以)?(?:早日|尽快)(?:康复|恢复|好起来)"
    r"|我?(?:会|有问题)[^，。]{0,8}(?:随时)?(?:向|找|跟)(?:您|你)(?:咨询|请教)[^，。]{0,6}"
    r"|(?:您|你)?(?:太|不用|不必|别)客气了?|这(?:都)?是我(?:们)?应该做的|这是我的职责)(?:和(?:关心|帮助|支持))?\W*\Z"
)
_OPINION_ZH = re.compile(
    r"建议|应该|应当|需要|可以|注意|避免|不要|考虑|可能|属于|提示|说明|诊断为|引起|导致|是因为|由于|所致|一般|最好"
)
# "患者，男，35岁，": the head of a case record, copied into the answer.
_CASE_HEAD_ZH = re.compile(
    r"\W*(?:患者|病人|姓名)?\W*[男女]性?\W{1,2}(?:年龄\W?)?(?:\d{1,3}|[一二三四五六七八九十]{1,4})周?(?:岁|个月)[，,。；;]?\s*"
)


def said_sentences(source: Sequence[RawTurn], turn: int, lang: str, limit: int) -> list[Sentence]:
    """Return every sentence of a source turn, in order, with its fate: "idle" has no medical content."""
    raw = source[turn]
    lexicon = LEXICONS[lang]
    idle = lexicon.boilerplate if raw.role == "doctor" else lexicon.thanks
    lines = raw.text.count("\n")
    result: list[Sentence] = []
    bare: set[int] = set()
    titled: int | None = None  # where the title of a diagnosis begins, which is said with it
    for start, end in segments(raw.text, lang):
        body = raw.text[start:end]
        courteous = False
        if lang == "zh":
            if titled is not None and _DIAGNOSED_ZH.match(body) and not raw.text[titled:start].count("\n"):
                start = titled
            titled = start if _DIAGNOSIS_TITLE_ZH.fullmatch(body) else None
            if titled is not None:
                continue
        if lang == "zh":
            start, end = _without_courtesy(raw.text, start, end, idle)
            if raw.role == "doctor" and not result:
                start, courteous = _without_case_head(raw.text, start, end)
            clauses = split_clauses(raw.text, start, end, "zh")
            while (
                len(clauses) > 1
                and raw.role == "patient"
                and _COURTESY_ZH.match(raw.text[slice(*clauses[0])])
            ):
                start = clauses.pop(0)[1]
            courteous = courteous or all(_COURTESY_ZH.match(raw.text[a:b]) for a, b in clauses)
        gone = False  # the piece of this sentence before
        for left, right in shortened(raw.text, start, end, lang, limit):
            sentence = make_sentence(source, turn, [(left, right)], lang)
            courteous = courteous or (gone and sentence.leans and not sentence.must)
            heads = raw.role == "doctor" or lang == "zh"
            if sentence.fate == "kept" and heads and _TITLES[lang].fullmatch(sentence.text):
                sentence = replace(sentence, fate="heading")
            elif sentence.fate == "kept" and (courteous or idle.search(sentence.text)):
                sentence = replace(sentence, fate="idle")
                gone = True
            elif lang == "en" and raw.role == "doctor" and _is_heading(body, lines):
                bare.add(len(result))
            if sentence.size > limit:
                sentence = replace(sentence, fate="unspeakable")
            result.append(sentence)
    if lang == "en" and raw.role == "doctor":
        result = find_lists(result, source, turn, bare)
        # Only what was written has headings.
        for n, (sentence, following) in enumerate(pairwise(result if len(source) == 2 else [])):
            listed = sentence.group or sentence.about
            if sentence.fate == "kept" and not listed and is_echoed(sentence.text, following.text):
                result[n] = replace(sentence, fate="heading")
    if lang == "zh" and raw.role == "doctor" and _SUMMARY_ZH.search(raw.text):
        result = _in_sentences(result, raw.text)
    return _without_orphans(_without_simulation(result, lang), raw)


def _in_sentences(sentences: list[Sentence], text: str) -> list[Sentence]:
    """Drop the fragments under the headings of a summary: they repeat what has been told and found.

    Under a heading go those without subject or verb, up to the first sentence that states something. A warning
    or a dose is no fragment.
    """
    result: list[Sentence] = []
    section, last = "", 0
    for sentence in sentences:
        if not sentence.spans:
            result.append(sentence)
            continue
        start = sentence.spans[0].start
        # A title joined to its sentence is a part of it.
        headings = _SECTION_ZH.findall(text, last, start)
        section = headings[-1] if headings else section
        last = max(last, sentence.spans[-1].end - 1)
        if section not in _TOLD_ZH or sentence.must or sentence.fate != "kept":
            result.append(sentence)
        elif _STATES_ZH.search(sentence.text):
            section = ""
            result.append(sentence)
        elif _SUBJECT_ZH.match(sentence.text):
            result.append(sentence)
        else:
            result.append(replace(sentence, fate="heading"))
    return result


def _without_simulation(sentences: list[Sentence], lang: str) -> list[Sentence]:
    """Drop what speaks of a simulation, and what is said beside it about reality.

    A warning among it is lost, which is for the caller to refuse.
    """
    result: list[Sentence] = []
    gone = False
    for sentence in sentences:
        beside = gone and _BESIDE_SIMULATION[lang].match(sentence.text) is not None
        gone = _SIMULATED[lang].search(sentence.text) is not None
        drop = (gone or beside) and sentence.fate in ("kept", "idle")
        fate: Fate = "unspeakable" if sentence.must else "heading"
        result.append(replace(sentence, fate=fate) if drop else sentence)
    return result


def _without_courtesy(text: str, start: int, end: int, idle: re.Pattern[str]) -> tuple[int, int]:
    """Leave out courtesies at the end of a Chinese sentence ("，祝您健康"), where something else remains."""
    clauses = split_clauses(text, start, end, "zh")
    whole = len(clauses)
    while len(clauses) > 1 and (
        idle.search(text[slice(*clauses[-1])])
        or _COURTESY_ZH.match(text[slice(*clauses[-1])])
        or (len(clauses) < whole and _DANGLING_ZH.search(text[slice(*clauses[-1])]))
    ):
        clauses.pop()
    if not clauses or (len(clauses) < whole and _DANGLING_ZH.search(text[slice(*clauses[-1])])):
        return start, end  # all of it is courtesy
    return start, clauses[-1][1]


def _without_case_head(text: str, start: int, end: int) -> tuple[int, bool]:
    """Return where a doctor's first sentence begins without the head of a case record, and whether to leave it out.

    Such a record goes on with the complaint, which the patient has told: it is left out where it gives no advice.
    """
    head = _CASE_HEAD_ZH.match(text, start, end)
    if head is None or not text[head.end() : end].strip():
        return start, head is not None
    lexicon = LEXICONS["zh"]
    useful = (_OPINION_ZH, lexicon.urgent, lexicon.dose)
    return head.end(), not any(pattern.search(text, head.end(), end) for pattern in useful)


def _is_heading(body: str, lines: int) -> bool:
    """A heading, a list item, or a line that announces a list."""
    if body.rstrip().endswith(":") or _HEADING_RUN.match(body):
        return True
    return (
        lines > 1 and not body.rstrip().endswith((".", "!", "?", '."', ".)", ";")) and len(body.split()) < 16
    )


def shortened(text: str, start: int, end: int, lang: str, limit: int) -> list[tuple[int, int]]:
    """Cut a sentence that no turn can hold into clauses that stand alone, where there are such."""
    if length(text[start:end], lang) <= limit:
        return [(start, end)]
    if lang == "en":
        cuts = [m.start() + 1 for m in _EN_CUT.finditer(text, start, end)]
        cuts += sorted(at for at in speech_breaks(text) if start < at < end) if not cuts else []
        clauses = [(a, b) for a, b in pairwise([start, *cuts, end]) if a < b]
        clauses = [part for clause in clauses for part in _run(text, *clause, limit)]
    else:
        clauses = [
            part
            for clause in split_clauses(text, start, end, lang)
            for part in _enumerated(text, *clause, limit)
        ]
    parts: list[tuple[int, int]] = []
    left, first = clauses[0][0], 0
    rest = length(text[left:end], lang)
    while rest > limit and first < len(clauses) - 1:
        aim = -(-rest // -(-rest // limit))  # balanced parts
        best, worth = first, (-9, 0)
        for n in range(first, len(clauses) - 1):
            size = length(text[left : clauses[n][1]], lang)
            if size > limit and n > first:
                break
            fit = 0
            if lang == "zh":
                here, after = text[slice(*clauses[n])], text[slice(*clauses[n + 1])]
                fit = 1 if _FRESH_ZH.match(after) else 0
                fit -= 3 * (_CONDITIONAL_ZH.search(here) is not None or _BOUND_ZH.match(after) is not None)
            fit -= 2 * (size < aim // 3)
            worth, best = max((worth, best), ((fit, -abs(size - aim)), n))
        parts.append((left, clauses[best][1]))
        first = best + 1
        left = clauses[first][0]
        rest = length(text[left:end], lang)
    parts.append((left, end))
    return parts


def _run(text: str, start: int, end: int, limit: int) -> list[tuple[int, int]]:
    """Cut an English clause that no turn can hold where a long run without marks may be cut."""
    if length(text[start:end], "en") <= limit:
        return [(start, end)]
    return list(pairwise([start, *sorted(at for at in run_breaks(text, "en") if start < at < end), end]))


def _enumerated(text: str, start: int, end: int, limit: int) -> list[tuple[int, int]]:
    """Cut a Chinese clause that no turn can hold after the items that it enumerates ("、").

    An enumeration that a turn can hold is not cut.
    """
    if length(text[start:end], "zh") <= limit:
        return [(start, end)]
    pairs = bracket_pairs(text, start, end)
    cuts = [
        i + 1
        for i in range(start, end - 1)
        if text[i] == "、" and not any(a < i < b for a, b in pairs) and not text[i - 1 : i + 2 : 2].isdigit()
    ]
    runs: list[list[int]] = []
    for cut in cuts:
        if not runs or cut - runs[-1][-1] > _ITEM_ZH or any(c in "，,；;" for c in text[runs[-1][-1] : cut]):
            runs.append([])
        runs[-1].append(cut)
    cuts = [cut for run in runs if run[-1] - run[0] + 2 * _ITEM_ZH > limit for cut in run]
    return list(pairwise([start, *cuts, end]))


def _without_orphans(sentences: list[Sentence], raw: RawTurn) -> list[Sentence]:
    """Drop what leans on a sentence that cannot be said; greetings between them do not count."""
    result: list[Sentence] = []
    broken = False
    for sentence in sentences:
        current = sentence
        if current.fate == "kept" and current.leans and broken and not current.must and raw.role == "doctor":
            current = replace(current, fate="unspeakable")
        if current.fate == "unspeakable":
            broken = True
        elif current.fate == "kept":
            broken = False
        result.append(current)
    return result
