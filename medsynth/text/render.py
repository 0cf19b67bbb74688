"""From `Turn.origin` to `Turn.text`: a pure function, so that `verify` can repeat it on a finished corpus.

Every sentence of a turn is a whole span of the source or a listed frame. Rendering changes no word:
blanks are collapsed, leading list marks and commas are dropped, the end gets one terminal mark, and in
English the first letter is a capital. A patient's question in Chinese that ends without a mark gets one.
Sentences are joined by a blank (en) or by nothing (zh).

Round brackets are spoken in one of two ways, both visible in the spans:
- left out, as two spans around them, when they hold no number, dose or negation ("(SCOT)");
  or only a trade name after a medicine;
- said between commas, as spans before, within and after them ("5 days (since Monday) ago" ->
  "5 days, since Monday, ago").
A bare sign in brackets after a finding is read as clinicians read it, in Chinese: "(-)" 阴性, "(+)" 阳性,
"(++)" 两个加号. Elsewhere, and with any other sign, the sentence is not said at all: it is a finding
that has no words here.

A lead-in that ends with a colon and what follows it are one sentence. The entries of an English list are said
as one: a span that ends before the full stop of its sentence goes on with the next ("... include: Fever. Dry
lips." -> "... include: fever, dry lips."). So are the terms of a list of definitions, said without them
("Tests may be used: Biopsy: The removal of cells. Smear: ..." -> "Tests may be used: biopsy, smear."), and a
term with its definition ("Biopsy: The removal ..." -> "Biopsy, the removal ..."). The capital that an entry
begins with goes where the same text has the word without one. Where such a list goes on in another turn its
lead-in is said again before the entries left.

In Chinese the signs of a laboratory sheet are read as clinicians read them (`read_signs`): "90↑/μl" 90/μl，升高,
"潜血: ±" 弱阳性, "尿蛋白: 2+" 两个加号. The title of a diagnosis is joined to it: "诊断结果。肺炎" 诊断结果是肺炎.

In an English transcript without marks, a span may also begin or end before "so", "and then" and such
(`sentences.speech_breaks`); in a long run of Chinese without marks before "但是", "请问" and such
(`sentences.run_breaks`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from medsynth.records import FrameRef, RawTurn, Span, Turn
from medsynth.text.lexicon import LEXICONS
from medsynth.text.sentences import bracket_pairs, is_han, run_breaks, speech_breaks
from medsynth.text.slots import labels

_TERMINAL = "。！？!?.…"
# Never a sign, a decimal point or the first half of "16、7" is taken for a mark.
_LEADING = re.compile(
    r"(?:(?:[\s,，;；:：、。!！?？*•·●○▪◦~～…]|[\-–—.](?!\d))+"
    r"|(?:[(（]\s*)?(?:[0-9]{1,2}|[一二三四五六七八九十]{1,2})\s*[)）、.．。](?!\s*[\d一二三四五六七八九十两])\s*"
    r"|[①-⑳]\s*|第[一二三四五六七八九十]\s*[,，:：、]\s*)"
)
# "2,多吃鱼": a list mark only where a sentence begins.
_COMMA_MARK = re.compile(r"\d{1,2}[,，]\s*(?=[\u4e00-\u9fff])")
_TRAILING = " ,，;；:：、-–—~～。.!！?？…·•"
_ZH_QUESTION = re.compile(
    r"(?:吗|(?<!什)(?<!那)么|[什怎哪谁几多何][^，,。；]{0,12}呢|怎么办|咋办|怎办|为什么|什么原因|怎么回事|咋回事|怎么样|如何|多少|多久|哪些|(?<!有)(?<!没)吃什么药|怎么治疗?)\Z"
    r"|(?:能不能|可不可以|要不要|会不会|是不是|该不该|需不需要|(?<!不)(?<!不知)(?<!不知道)怎么|(?<!没)(?<!没有)如何|多久|咋|是什么)[^，,。；]{0,8}\Z"
)
_ZH_BLANKS = re.compile(r"(?<=[^\x00-\x7f]) | (?=[^\x00-\x7f])")
_QUOTES = re.compile('["“”]')
_NEGATION_EN = re.compile(r"\b(?:no|not|never|without|except|unless|nor|cannot|neither)\b|n['’]t\b", re.I)
_FACT_ZH = re.compile(r"[不无没未非禁忌勿除一二两三四五六七八九十半每]")
_REFERENCE = re.compile(
    r"\s*(?:\d{1,2}|see\b[^.]*|figs?\b[^.]*|figure\b[^.]*|table\b[^.]*|[如见]?[图表]\s*\d*)\s*\Z", re.I
)


# A clause may be said without the "and" that joined it to the one before.
_CONJUNCTION = re.compile(r"[,;:—–-]\s*(?:and|so|then)\s+\Z", re.I)


# "依巴斯汀片（开思亭）": a medicine, its trade name after it.
_MEDICINE_ZH = re.compile(r"(?:片|液|胶囊|颗粒|丸|素|剂|膏|酸|定|林|星|平|唑|芬|坦|松)\Z")
# "潜血(-)": a finding that is neither left out nor said.
_SIGN = re.compile(r"\s*[-+±－＋—–﹣﹢]{1,4}\s*")
_SIGN_WORDS = {
    **dict.fromkeys("-－—–﹣", "阴性"),
    **dict.fromkeys("+＋﹢", "阳性"),
    **{"+" * n: f"{han}个加号" for n, han in ((2, "两"), (3, "三"), (4, "四"))},
}


# What stands between the entries of a list, between the terms of a list of definitions, after a term.
_BRACKET = r"\s*\)?\s*(?:\([^()\n]*\)\s*)?"
_ENTRY_GAP = re.compile(rf"{_BRACKET}\.[^\S\n]+")
_TERM_GAP = re.compile(rf"{_BRACKET}:[^\n]*[.!?…][^\S\n]+")
_TERM_END = re.compile(rf"{_BRACKET}:")
_MEANING_GAP = re.compile(rf"{_BRACKET}:[^\S\n]+")
_ARTICLE = re.compile(r"(?:An?|The) (?=[a-z])")
_CAPITAL_WORD = re.compile(r"[A-Z][a-z'-]*\b")
_LOWERED = frozenset(("a", "an", "the", "being", "having", "not"))

# Signs of a laboratory sheet: the mark before them, and what may follow.
_RAISED_ZH = re.compile(r"(\d)\s*([↑↓]{1,3})\s*((?:个?/|%|[a-zA-Zμ]|10\^)[\w/%^·.]*)?")
_ARROW_ZH = re.compile(r"(?<=[\u4e00-\u9fff])[:：]?\s*([↑↓]{1,3})(?=\W*(?:[，,。.；;、]|\Z))")
_GRADE_ZH = re.compile(
    r"(?<=[\u4e00-\u9fff])\s*[:：]\s*(?:([1-4])\s*[+＋]|([+＋﹢]{1,4}|±|[-－﹣]))(?=\s*(?:[，,。.；;、]|\Z))"
)
_PLUS_ZH = re.compile(r"(?<=[\u4e00-\u9fff])([+＋﹢]{1,4}|±)(?=\s*(?:[，,。.；;、]|\Z))")
_ANY_SIGN_ZH = re.compile(r"[↑↓±+＋﹢\-－﹣]")


def read_signs(text: str) -> str:
    """Return Chinese `text` with the signs after a finding or a value in words, as clinicians read them.

    An arrow after a value goes behind its unit. A sign anywhere else stays as it is, and is not said.
    """
    if not _ANY_SIGN_ZH.search(text):
        return text
    text = _RAISED_ZH.sub(lambda m: f"{m[1]}{m[3] or ''}，{_arrow(m[2])}", text)
    text = _ARROW_ZH.sub(lambda m: _arrow(m[1]), text)
    text = _GRADE_ZH.sub(lambda m: f"：{_plus(int(m[1])) if m[1] else _sign(m[2])}", text)
    return _PLUS_ZH.sub(lambda m: _sign(m[1]), text)


# The title of a diagnosis and the diagnosis: "诊断结果。肺炎" is said "诊断结果是肺炎".
_DIAGNOSIS_ZH = re.compile(r"\A((?:初步|最终)?诊断(?:结果|依据)?)\s*[。：:]\s*(?=[\u4e00-\u9fffA-Za-z])")


def _arrow(arrows: str) -> str:
    return ("明显" if len(arrows) > 1 else "") + ("升高" if arrows[0] == "↑" else "降低")


def _plus(count: int) -> str:
    return f"{'一两三四'[count - 1]}个加号"


def _sign(sign: str) -> str:
    if sign == "±":
        return "弱阳性"
    return _plus(len(sign)) if len(sign) > 1 else _SIGN_WORDS[sign]


def may_cut(inner: str) -> bool:
    """Return whether a parenthesis may be left out: it holds no number, dose or negation."""
    if _REFERENCE.match(inner):
        return True
    return not (any(c.isdigit() for c in inner) or _NEGATION_EN.search(inner) or _FACT_ZH.search(inner))


def spans_of(text: str, turn: int, start: int, end: int, *, keep_brackets: bool) -> tuple[Span, ...]:
    """Return the spans by which `text[start:end]` is said, brackets resolved; () when it cannot be said.

    `keep_brackets` says what they hold between commas even where it could be left out.
    """
    mark = _LEADING.match(text, start, end)
    while mark and mark.end() > start:
        start = mark.end()
        mark = _LEADING.match(text, start, end)
    mark = _COMMA_MARK.match(text, start, end)
    if mark and (start == 0 or text[start - 1] in "。.；;\n "):
        start = mark.end()
    pairs = bracket_pairs(text, start, end)
    if _round_brackets(text, start, end) != sum(
        _round_brackets(text, opened, closed + 1) for opened, closed in pairs
    ):
        return ()  # one that has no pair
    bounds: list[tuple[int, int]] = []
    left = start
    for opened, closed in pairs:
        inner = text[opened + 1 : closed]
        if _SIGN.fullmatch(inner):
            if inner.strip() not in _SIGN_WORDS or not any(map(is_han, text[start:opened])):
                return ()
            if closed + 1 >= end:  # nothing follows that the sign would stand before
                return ()
            bounds.append((left, opened))
            left = closed + 1
            continue
        bounds.append((left, opened))
        attached = opened > start and text[opened - 1].isalnum() and not is_han(text[opened - 1])
        short = attached or inner.strip().isupper() or inner.strip() in ("are", "or", "and")
        brand = len(inner) <= 5 and _MEDICINE_ZH.search(text, max(start, opened - 3), opened) is not None
        short = short or brand
        if not (may_cut(inner) and (short or not keep_brackets or not inner.strip())):
            if any(c in "()（）" for c in inner):
                return ()
            bounds.append((opened + 1, closed))
        left = closed + 1
    bounds.append((left, end))
    spans: list[Span] = []
    for left, right in bounds:
        while left < right and text[left].isspace():
            left += 1
        while right > left and text[right - 1].isspace():
            right -= 1
        if any(c.isalnum() for c in text[left:right]) or (spans and left < right):
            spans.append(Span(turn=turn, start=left, end=right))
    return tuple(spans) if spans and _sayable_bounds(spans, text) else ()


def _round_brackets(text: str, start: int, end: int) -> int:
    return sum(text.count(mark, start, end) for mark in "()（）")


def _sayable_bounds(spans: list[Span], text: str) -> bool:
    """A sentence that is nothing but its brackets, or loses its head to them, is not said."""
    return any(c.isalnum() for c in text[spans[0].start : spans[0].end])


def _joint(text: str, left: Span, right: Span) -> str | None:
    """Return how a gap between two spans is said (" ", "", ", "), or None when a new sentence begins."""
    gap = text[left.end : right.start]
    bare = gap.strip()
    if left.end <= right.start and not bare and text[left.end - 1] == ":":
        return " "  # a lead-in and its first entry
    entry = _entry_joint(text, left, right)
    if entry is not None:
        return entry
    if left.end > right.start or not bare or "\n" in gap or text[left.end - 1] in _TERMINAL:
        return None
    blank = " " if gap[0].isspace() or gap[-1].isspace() else ""
    if bare in ("(", "（", ")", "）") or bare in (")(", "）（"):
        if text[left.end - 1] in ",，;；:：、" or text[right.start] in ",，;；:：、。.!！?？":
            return ""
        return "，" if is_han(text[left.end - 1]) or is_han(text[right.start]) else ", "
    if bare[0] in "(（" and bare[-1] in ")）" and bare[1:-1].strip() in _SIGN_WORDS:
        return _SIGN_WORDS[bare[1:-1].strip()]
    if bare[0] in "(（" and bare[-1] in ")）" and bracket_pairs(bare)[:1] == [(0, len(bare) - 1)]:
        return "" if text[right.start] in ",，;；:：、。.!！?？" else blank
    if text[left.end - 1] == ":" and not is_han(text[left.end - 2]) and not is_han(text[right.start]):
        return " "  # a lead-in said again before a later entry
    return None


def _entry_joint(text: str, left: Span, right: Span) -> str | None:
    """Return how an entry of an English list, a term or its definition is joined to what stands before it."""
    if left.end > right.start or text[left.end - 1] in _TERMINAL:
        return None
    if _ENTRY_GAP.fullmatch(text, left.end, right.start):
        commas = "," in text[left.start : left.end].rsplit(":", 1)[-1] or "," in text[right.start : right.end]
        return "; " if commas else ", "
    if _MEANING_GAP.fullmatch(text, left.end, right.start):
        return ", " if _ARTICLE.match(text, right.start, right.end) else ": "
    if _TERM_END.match(text, right.end) and _TERM_GAP.fullmatch(text, left.end, right.start):
        return ", "
    return None


def _lowered(body: str, text: str) -> str:
    """Return an entry without the capital of its first word, where that is no name."""
    word = _CAPITAL_WORD.match(body)
    if word is None:
        return body
    small = word[0].lower()
    if small in _LOWERED or (small in text and re.search(rf"\b{re.escape(small)}\b", text)):
        return small + body[word.end() :]
    return body


def _sentence(raw: str, lang: str, asking: bool) -> str:
    text = " ".join(raw.split())
    if lang == "zh":
        text = _DIAGNOSIS_ZH.sub(r"\1是", read_signs(_ZH_BLANKS.sub("", text)))
    mark = _LEADING.match(text)
    while mark and mark.end():
        text = text[mark.end() :]
        mark = _LEADING.match(text)
    bare = text.rstrip(_TRAILING)
    ending, text = text[len(bare) :], bare
    if not text:
        return ""
    if not ending and text[-1] in "\"”’'" and text[-2:-1] in tuple(_TERMINAL):
        return _capital(text, lang)
    quotes = _QUOTES.findall(text)
    if len(quotes) % 2 or quotes.count("“") != quotes.count("”"):
        text = _QUOTES.sub("", text)
    if any(c in "?？" for c in ending) or (
        asking and lang == "zh" and "。" not in ending and "." not in ending and _ZH_QUESTION.search(text)
    ):
        stop = "？" if lang == "zh" else "?"
    elif any(c in "!！" for c in ending):
        stop = "！" if lang == "zh" else "!"
    else:
        stop = "。" if lang == "zh" else "."
    return _capital(text, lang) + stop


def _capital(text: str, lang: str) -> str:
    first = text.split(" ", 1)[0]
    if lang == "en" and first[:1].islower() and first.lower() == first:
        return text[0].upper() + text[1:]
    return text


def render(origin: Sequence[Span | FrameRef], source_turns: Sequence[RawTurn], lang: str) -> str:
    """Return the text of a turn from its origin. Raises IndexError when a span names a missing turn."""
    sentences: list[str] = []
    raw = ""
    last: Span | None = None
    asking = False  # patients leave question marks out; what a doctor says is taken as written
    for piece in origin:
        if isinstance(piece, FrameRef):
            if raw:
                sentences.append(_sentence(raw, lang, asking))
            sentences.append(piece.text)
            raw, last = "", None
            continue
        text = source_turns[piece.turn].text
        body = text[piece.start : piece.end]
        joint = _joint(text, last, piece) if last is not None and last.turn == piece.turn else None
        if joint is None:
            if raw:
                sentences.append(_sentence(raw, lang, asking))
            raw, asking = body, source_turns[piece.turn].role == "patient"
        elif lang == "en" and last is not None and _entry_joint(text, last, piece) not in (None, ": "):
            raw += joint + _lowered(body, text)
        else:
            raw += joint + body
        last = piece
    if raw:
        sentences.append(_sentence(raw, lang, asking))
    return ("" if lang == "zh" else " ").join(s for s in sentences if s)


_LIST_NUMBER = re.compile(r"\d[.．、](?!\d)")


def _in_word(char: str) -> bool:
    return char.isalnum() and not "①" <= char <= "⒛"


def _is_boundary(text: str, at: int, lang: str, labels: frozenset[int]) -> bool:
    """Return whether a sentence or clause may begin or end at `at`: an edge, a mark, a line break."""
    if at <= 0 or at >= len(text) or at in labels:
        return True
    left, right = at, at
    while left > 0 and text[left - 1].isspace():
        left -= 1
    while right < len(text) and text[right].isspace():
        right += 1
    gap = text[left:right]
    if left == 0 or right == len(text) or len(gap.splitlines()) > 1 or gap.endswith("\n"):
        return True
    if not (_in_word(text[left - 1]) and _in_word(text[right])) or _LIST_NUMBER.match(text, right):
        return True
    if lang == "zh":
        return at in run_breaks(text, lang) or (bool(gap) and is_han(text[left - 1]))
    if any(
        place in breaks for breaks in (speech_breaks(text), run_breaks(text, lang)) for place in (at, right)
    ):
        return True
    return bool(gap) and _CONJUNCTION.search(text[max(0, at - 16) : at]) is not None


@lru_cache(maxsize=16)
def label_edges(text: str, lang: str) -> frozenset[int]:
    """Return the offsets where section labels ("病情分析：", "Answer:") and greetings begin and end."""
    if lang not in LEXICONS:
        return frozenset()
    greetings = (match.span() for match in LEXICONS[lang].greeting.finditer(text))
    return frozenset(edge for span in (*labels(text, lang), *greetings) for edge in span)


def check_origin(
    turn: Turn, source_turns: Sequence[RawTurn], lang: str, frames: Mapping[str, str]
) -> list[str]:
    """Return what is wrong with a turn's origin, in words; [] when it accounts for the whole text.

    `frames` maps the ids of all listed frames of this language to their texts.
    """
    problems: list[str] = []
    if not turn.origin:
        return ["the turn has no origin"]
    last: Span | None = None
    for piece in turn.origin:
        if isinstance(piece, FrameRef):
            if frames.get(piece.frame) != piece.text:
                problems.append(f"frame {piece.frame!r} is not listed with this text")
            last = None
            continue
        if not 0 <= piece.turn < len(source_turns):
            return [*problems, f"there is no source turn {piece.turn}"]
        source = source_turns[piece.turn]
        if not 0 <= piece.start < piece.end <= len(source.text):
            return [*problems, f"span {piece.start}:{piece.end} is outside source turn {piece.turn}"]
        if source.role != turn.role:
            problems.append(f"a {turn.role} turn quotes the {source.role}")
        labels = label_edges(source.text, lang)
        for at in (piece.start, piece.end):
            if not _is_boundary(source.text, at, lang, labels):
                problems.append(f"offset {at} of source turn {piece.turn} is inside a word or clause")
        if last is not None and last.turn == piece.turn:
            gap = source.text[last.end : piece.start]
            joint = _joint(source.text, last, piece)
            cut = next(iter(bracket_pairs(gap)), None) if joint is not None else None
            if cut and not gap[: cut[0]].strip(" )") and not may_cut(gap[cut[0] + 1 : cut[1]]):
                problems.append(f"the parenthesis left out at {last.end} holds a number or a negation")
        last = piece
    if not problems and render(turn.origin, source_turns, lang) != turn.text:
        problems.append("the text is not the rendering of its origin")
    return problems
