"""Behaviours for the scripted server: doctors, good and bad, that answer our prompts by simple rules.

Each is a function of the request's JSON that returns the reply's text. `good_doctor` tells the tasks apart by
what the prompt asks for, reads the fenced source and retells its own sentences in turns, so that every fact survives.
The bad ones answer a rewrite (and its repair) wrongly in one way, and everything else as the good one does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Literal

from medsynth.text.sentences import is_han, length, split_clauses, split_sentences
from medsynth.text.speakable import speech_problems

Task = Literal["filter", "profile", "patient", "rewrite", "repair", "other"]
Turn = dict[str, Any]

_FENCE = re.compile(r"<(?P<name>[a-z]+)-(?P<code>[0-9a-f]{16})>\n(?P<body>.*?)\n</(?P=name)-(?P=code)>", re.S)
_CRITERIA = re.compile(r"(?:in this order: |按此顺序：)(?P<names>[a-z, 、]+)")
_LIMIT = {"en": 45, "zh": 70}
_LONG = {"en": 14, "zh": 22}
_ASK = {
    "en": ("What can you tell me about that?", "And what else is there?", "How has it been otherwise?",
           "Is there more I should know?", "And apart from that?", "What else have you noticed?"),
    "zh": ("能再说说吗？", "还有别的吗？", "其他方面怎么样？", "还有什么要告诉我的吗？", "除此之外呢？", "另外呢？"),
}  # fmt: skip
_FOLLOW = {
    "en": ("Okay. And what else?", "I see. Go on, please.", "All right. And then?"),
    "zh": ("嗯，还有呢？", "好的，您接着说。", "明白了，然后呢？"),
}
_JOIN = {"en": ("Also. ", "Then. ", "Right. "), "zh": ("还有，", "另外，", "那么，")}
_SMALL = re.compile(
    "and|or|but|that|which|who|because|to|of|in|on|with|for|by|from|as|than|is|are|was|were|has"
)
_SMALL_ZH = re.compile(
    "(?<=[\u4e00-\u9fff]{8})(?=而且|但是|如果|有时候|现在|以及|并且|可以|应当|应该|需要|还有|的时候|因为|所以)"
)
_PAUSE = {"en": " well,", "zh": "嗯，"}
_OTHER = {
    "en": "我会说另外一种语言，请您多喝水，好好休息，过几天再来看看情况怎么样。",
    "zh": "I would rather say this in the other language, so please rest and come back when you can.",
}


def task_of(body: Mapping[str, Any]) -> Task:
    """Return what a request asks for, by its prompt; "other" for what is not ours (an engine's own question)."""
    messages = body["messages"]
    if not any(_FENCE.search(m["content"]) for m in messages):
        return "other"
    if any(m["role"] == "assistant" for m in messages):
        return "repair"
    system = messages[0]["content"]
    if '"verdict"' in system:
        return "filter"
    if '"evidence"' in system:
        return "profile"
    return "patient" if '"done"' in system else "rewrite"


def language_of(body: Mapping[str, Any]) -> str:
    """Return the language that the prompt is written in."""
    system = body["messages"][0]["content"]
    return "zh" if sum(map(is_han, system)) > len(system) / 4 else "en"


def fenced(body: Mapping[str, Any], name: str = "source") -> list[Turn]:
    """Return the turns between the fence lines of a request. Raises LookupError where there are none."""
    for message in body["messages"]:
        for match in _FENCE.finditer(message["content"]):
            if match["name"] == name and message["role"] == "user":
                return [json.loads(line) for line in match["body"].split("\n") if line]
    raise LookupError(f"no fenced {name} in the request")


def good_doctor(body: Mapping[str, Any]) -> str:
    """Answer any of our prompts well."""
    task, lang = task_of(body), language_of(body)
    if task == "other":
        return "{}"
    if task == "filter":
        found = _CRITERIA.search(body["messages"][0]["content"])
        assert found is not None
        names = re.findall("[a-z]+", found["names"])
        reason = "材料清楚，符合这一条。" if lang == "zh" else "The data are clear and meet this."
        return _json({name: {"reason": reason, "verdict": "yes"} for name in names})
    if task == "profile":
        return _json({"informant": None, "age_group": None, "gender": None})
    if task == "patient":
        said = [t["text"] for t in fenced(body, "case")]
        return _json({"text": (_pieces(said[0], lang) or [said[0]])[0], "done": False})
    return _json({"turns": dialogue(fenced(body), lang)})


def dialogue(source: list[Turn], lang: str) -> list[Turn]:
    """Return a dialogue made of the source's sentences: questions first where it has none, then the advice."""
    if sum(turn["role"] == "patient" for turn in source) > 1:
        turns = _conversation(source, lang)
    else:
        turns = _interview(source, lang)
    while turns and turns[0]["role"] == "doctor":
        turns.pop(0)
    while turns and (turns[-1]["role"] == "patient" or turns[-1]["purpose"] == "inquiry"):
        turns.pop()
    if turns:
        turns[-1]["purpose"] = "advice"
    return turns


def _interview(source: list[Turn], lang: str) -> list[Turn]:
    asked = [p for t in source if t["role"] == "patient" for p in _pieces(t["text"], lang)]
    if len(asked) < 4:
        asked = [c for p in asked for c in ([p] if p.endswith(("?", "？")) else _clauses(p, lang))]
    answered = [p for t in source if t["role"] == "doctor" for p in _pieces(t["text"], lang)]
    asked = list(dict.fromkeys(asked))
    share = max(1, -(-(len(asked) - 1) // 6))
    told = [asked[:1], *(asked[i : i + share] for i in range(1, len(asked), share))]
    turns: list[Turn] = []
    for group in told:
        for text in _packed(group, lang):
            if turns:
                question = _ASK[lang][len(turns) // 2 % len(_ASK[lang])]
                turns.append({"role": "doctor", "text": question, "purpose": "inquiry"})
            turns.append({"role": "patient", "text": text, "purpose": None})
    for number, text in enumerate(_packed(answered, lang)):
        if number:
            follow = _FOLLOW[lang][number % len(_FOLLOW[lang])]
            turns.append({"role": "patient", "text": follow, "purpose": None})
        turns.append({"role": "doctor", "text": text, "purpose": "advice"})
    return turns


def _clauses(piece: str, lang: str) -> list[str]:
    clauses = [piece[a:b] for a, b in split_clauses(piece, 0, len(piece), lang)]
    return [c for c in clauses if c != _PAUSE[lang].strip()]


def _conversation(source: list[Turn], lang: str) -> list[Turn]:
    turns: list[Turn] = []
    for turn in source:
        for text in _packed(_pieces(turn["text"], lang), lang):
            asks = text.rstrip().endswith(("?", "？"))
            purpose = None if turn["role"] == "patient" else "inquiry" if asks else "explanation"
            if turns and turns[-1]["role"] == turn["role"]:
                other = "doctor" if turn["role"] == "patient" else "patient"
                bridge = _ASK[lang][len(turns) % len(_ASK[lang])] if other == "doctor" else _FOLLOW[lang][0]
                turns.append(
                    {"role": other, "text": bridge, "purpose": "inquiry" if other == "doctor" else None}
                )
            turns.append({"role": turn["role"], "text": text, "purpose": purpose})
    return turns


def _pieces(text: str, lang: str) -> list[str]:
    """Return the sentences of a text, spoken: no brackets or symbols, long ones paused at their commas or parted."""
    comma = "，" if lang == "zh" else ", "
    text = re.sub(r"(?<=\d) ?[*×] ?(?=\d)", "乘" if lang == "zh" else " by ", text)
    text = re.sub(r"(?<=\d) ?[~～] ?(?=\d)", "到" if lang == "zh" else " to ", text)
    text = re.sub(
        r"\s*[()（）【】\[\]{}<>《》「」“”\"*#_=|~～·•;；:：]+\s*", comma, re.sub(r"\s+", " ", text)
    )
    pieces = []
    for start, end in split_sentences(text, lang):
        sentence = text[start:end].strip(" ,，")
        parts = [sentence]
        if length(sentence, lang) > _LONG[lang]:
            pause = _PAUSE[lang] + (" " if lang == "en" else "")
            parts = [""]
            for clause in _breaths(sentence, lang):
                longer = (parts[-1] + pause + clause).removeprefix(pause)
                if length(longer, lang) <= _LIMIT[lang]:
                    parts[-1] = longer
                else:
                    parts.append(clause)
        pieces += [p for p in parts if p and not speech_problems(p) and length(p, lang) <= _LIMIT[lang] + 15]
    return pieces


def _breaths(sentence: str, lang: str) -> list[str]:
    """Return what is said in one breath each: clauses, long ones also parted before small words."""
    found = []
    for start, end in split_clauses(sentence, 0, len(sentence), lang):
        if lang == "zh":
            found += _SMALL_ZH.split(sentence[start:end])
            continue
        words = [""]
        for word in sentence[start:end].split(" "):
            if length(words[-1], lang) >= 9 and _SMALL.fullmatch(word):
                words.append(word)
            else:
                words[-1] = f"{words[-1]} {word}".strip()
        found += words
    return found


def _packed(pieces: list[str], lang: str) -> list[str]:
    turns: list[str] = []
    for number, piece in enumerate(pieces):
        if turns and length(turns[-1] + piece, lang) + 2 <= _LIMIT[lang]:
            blank = " " if lang == "en" else ""
            turns[-1] += blank + _JOIN[lang][number % len(_JOIN[lang])] + piece
        else:
            turns.append(piece)
    return turns


# ---------------------------------------------------------------- bad doctors


def _rewritten(body: Mapping[str, Any]) -> list[Turn] | None:
    """Return the good dialogue where the request asks for one."""
    return json.loads(good_doctor(body))["turns"] if task_of(body) in ("rewrite", "repair") else None


def wrong_language(body: Mapping[str, Any]) -> str:
    """Everything in the other language."""
    turns = _rewritten(body)
    if turns is None:
        return good_doctor(body)
    return _json({"turns": [{**turn, "text": _OTHER[language_of(body)]} for turn in turns]})


def copied(body: Mapping[str, Any]) -> str:
    """The source itself, turn by turn."""
    if _rewritten(body) is None:
        return good_doctor(body)
    purpose = {"patient": None, "doctor": "advice"}
    return _json({"turns": [{**turn, "purpose": purpose[turn["role"]]} for turn in fenced(body)]})


def drops_advice(body: Mapping[str, Any]) -> str:
    """Asks and asks, and ends with nothing said."""
    turns = _rewritten(body)
    if turns is None:
        return good_doctor(body)
    empty = (
        "好的，我知道了，我们下次再谈。"
        if language_of(body) == "zh"
        else "All right, we'll talk about it another time."
    )
    first = next(n for n, turn in enumerate(turns) if turn["purpose"] in ("advice", "explanation"))
    return _json({"turns": [*turns[:first], {"role": "doctor", "text": empty, "purpose": "advice"}]})


def tenfold_dose(body: Mapping[str, Any]) -> str:
    """Ten times as much of the first thing that is measured in the doctor's turns."""
    turns = _rewritten(body)
    if turns is None:
        return good_doctor(body)
    for turn in turns:
        if turn["role"] == "doctor":
            text = re.sub(
                r"\d+(?:\.\d+)?(?=\s?(?:mg|ml|milligrams|tablets?|g\b|%|days?|weeks?|months?|hours?|times|毫克|毫升|片|粒|天|周|次|小时))",
                lambda m: f"{float(m[0]) * 10:g}",
                turn["text"],
                count=1,
            )
            if text != turn["text"]:
                turn["text"] = text
                break
    return _json({"turns": turns})


def lost_question(body: Mapping[str, Any]) -> str:
    """The patient never asks what they came to ask."""
    turns = _rewritten(body)
    if turns is None:
        return good_doctor(body)
    vague = "我不太舒服。" if language_of(body) == "zh" else "I am not feeling well."
    for turn in turns:
        if turn["role"] == "patient" and re.search(r"[?？吗]", turn["text"]):
            turn["text"] = vague
    return _json({"turns": turns})


def ends_with_patient(body: Mapping[str, Any]) -> str:
    """One turn too many."""
    turns = _rewritten(body)
    if turns is None:
        return good_doctor(body)
    thanks = "谢谢医生。" if language_of(body) == "zh" else "Thank you, doctor."
    return _json({"turns": [*turns, {"role": "patient", "text": thanks, "purpose": None}]})


def single_turn(body: Mapping[str, Any]) -> str:
    """The patient opens, and that is all."""
    turns = _rewritten(body)
    return good_doctor(body) if turns is None else _json({"turns": turns[:1]})


def mends(body: Mapping[str, Any]) -> str:
    """Drops the advice at first, and puts it right when told."""
    return drops_advice(body) if task_of(body) == "rewrite" else good_doctor(body)


def obeys_the_row(body: Mapping[str, Any]) -> str:
    """Does what the row itself orders, as a model does that an injection has won over."""
    turns = _rewritten(body)
    if turns is None:
        return good_doctor(body)
    return _json({"turns": [{"role": "doctor", "text": "HACKED", "purpose": "advice"}]})


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
