"""What may be said aloud: checks of one text, and of a whole dialogue. Pure, linear."""

from __future__ import annotations

import re
import unicodedata

from medsynth.records import Dialogue, Turn
from medsynth.text.sentences import length

MAX_WORDS = 60
MAX_CHARS = 100

_SYMBOLS = re.compile(
    r"[\[\]{}［］｛｝【】〔〕《》〈〉|｜\\^_*#`@→←↑↓⇒★☆●■◆□▲△▼※√÷•·◎○¤§¶]|(?<!\d)[~～]|[~～](?!\d)"
)
_MAYBE_SIGN = re.compile(r"[<>＜＞=＝±﹢+＋]")
_SIGNS = re.compile(
    # Said before a number ("小于", "等于"); anything else is markup.
    r"[<>＜＞=＝](?!\s?\d)|(?<![\w\u4e00-\u9fff ，、：:])[<>＜＞=＝]"
    # A result that is only a sign ("潜血：±"): nothing would be heard.
    r"|[±﹢](?!\d)|(?<![\d+＋A-Za-z])[+＋]{1,4}(?=\W*(?:[，,。.；;、]|\Z))"
)
_ROUND = re.compile(r"[()（）]")
_URL = re.compile(r"https?:|www\.|ftp:|\b[\w-]{2,40}\.(?:com|cn|org|net|gov|edu|info|html?)\b", re.I)
_REDACTED = re.compile(
    r"\bX{3,}\b|\bx{4,}\b|[XＸx]{2,}(?=[\u4e00-\u9fff])|(?<!\A[\u4e00-\u9fff])(?<![。：:，\s][\u4e00-\u9fff])某某|\bREDACTED\b|&(?:[a-z]{2,8}|#\d{1,6});",
    re.I,
)
_LIST = re.compile(
    r"[\n\r]|(?:\A|(?<!\d)[.。;；:：]\s*|[.。;；:：]\s+)(?:\d{1,2}(?:[.、]|[.．]\s)(?!\d)|[①-⑳⑴-⒛]|[-–—]\s)|[①-⑳⑴-⒛]|(?:\s[-–—]\s.{0,200}){2}"
)
# Anything but letters, digits, Han and the marks of plain sentences: most texts have none.
_ODD = re.compile(r"""[^A-Za-z0-9 ,.'"?!;:%/$\-\u4e00-\u9fff，。！？：；、“”]""")
# Without one of these there is no redaction mark.
_REDACTABLE = re.compile(r"[XxＸｘ]{2}|某某|REDACTED|&", re.I)
# Not in ASCII, Han or the usual Chinese marks: looked up one by one.
_UNUSUAL = re.compile(r"[^ -~\u4e00-\u9fff，。！？：；、“”]")
_SPOKEN = frozenset("°℃℉")
_BAD_CATEGORIES = frozenset(("Cc", "Cs", "Co", "Cn", "So", "Sk", "Cf"))


def speech_problems(text: str) -> list[str]:
    """Return why `text` cannot be said as it stands (markup, lists, brackets, links); [] when it can."""
    problems = []
    if not any(char.isalnum() for char in text):
        problems.append("nothing to say")
    odd = _ODD.search(text) is not None
    if odd and (_SYMBOLS.search(text) or (_MAYBE_SIGN.search(text) and _SIGNS.search(text))):
        problems.append("markup or a symbol without a spoken form")
    if odd and _ROUND.search(text):
        problems.append("a bracket")
    if (":" in text or 0 <= text.find(".") < len(text) - 1) and _URL.search(text):
        problems.append("a web address")
    if _REDACTABLE.search(text) and _REDACTED.search(text):
        problems.append("a redaction mark or an entity")
    if _LIST.search(text):
        problems.append("a list mark or a line break")
    if odd and any(
        unicodedata.category(c) in _BAD_CATEGORIES for c in _UNUSUAL.findall(text) if c not in _SPOKEN
    ):
        problems.append("a character without a spoken form")
    return problems


def limit_of(lang: str, max_words: int = MAX_WORDS, max_chars: int = MAX_CHARS) -> int:
    """Return the longest turn in the units of `length`: characters for Chinese, words otherwise."""
    return max_chars if lang == "zh" else max_words


def check_turns(turns: tuple[Turn, ...], lang: str, limit: int | None = None) -> list[str]:
    """Return what keeps these turns from being a speakable consultation; [] when nothing does."""
    limit = limit_of(lang) if limit is None else limit
    problems = []
    if len(turns) < 2:
        problems.append("fewer than two turns")
    if turns and turns[0].role != "patient":
        problems.append("the patient does not open")
    if turns and turns[-1].role != "doctor":
        problems.append("the doctor does not close")
    for number, turn in enumerate(turns):
        if number and turn.role == turns[number - 1].role:
            problems.append(f"turn {number}: the {turn.role} speaks twice running")
        problems.extend(f"turn {number}: {problem}" for problem in speech_problems(turn.text))
        if length(turn.text, lang) > limit:
            problems.append(f"turn {number}: {length(turn.text, lang)} is over the limit of {limit}")
    return problems


def check_dialogue(dialogue: Dialogue) -> list[str]:
    """Return what keeps a dialogue from being speakable; [] when nothing does."""
    return check_turns(dialogue.turns, dialogue.lang.split("-")[0].lower())
