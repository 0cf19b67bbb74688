"""Taking markup and encoding dirt out of raw text, and leaving everything that is said.

`clean` gives one line of plain text: no HTML, Markdown, list marks, URLs, control or invisible characters.
Numbers, units, comparison signs and brackets stay as they are. Every pattern is possessive or bounded, so
that running time is linear in the length of the text, whatever the text.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable
from itertools import chain

# Fullwidth forms that become ASCII. Chinese punctuation ，。！？：；（） is text and stays.
_WIDE = {c: c - 0xFEE0 for c in range(0xFF01, 0xFF5F) if chr(c) not in "，！？：；（）．～"}
# Soft hyphen, zero-width and bidi marks, variation selectors, tags, object and replacement characters.
_INVISIBLE = dict.fromkeys(
    chain(
        (0xAD, 0x34F, 0x61C, 0xFEFF, 0xFFFC, 0xFFFD),
        *(range(0x200B, 0x2010), range(0x202A, 0x202F), range(0x2060, 0x2070)),
        *(range(0xFE00, 0xFE10), range(0xE0000, 0xE0080)),
    )
)
# C1 controls are left over where Windows-1252 was read as Latin-1: each stands for a character ("5\x9615
# percent" is "5–15 percent"). The five that stand for none are dropped with the other controls.
_C1 = {
    byte: character for byte in range(0x80, 0xA0) if (character := bytes([byte]).decode("cp1252", "ignore"))
}
_CHARACTERS = {**_WIDE, **_INVISIBLE, **_C1, 0x2028: "\n", 0x2029: "\n"}
# UTF-8 read as Latin-1 (one C1 control at least) or as Windows-1252 ("itâ€™s", "38Â°C"): what it was is certain
# where it decodes.
_MISREAD = re.compile(
    "[\xc2\xc3][\x80-\xbf]|[\xc4-\xdf][\x80-\x9f]|\xe2(?:\x80|\u20ac)[^\x00-\x7f]|"
    "[\xe2-\xef][\x80-\x9f][\x80-\xbf]"
)
_UNWANTED = re.compile(
    # Other controls, lone surrogates, private use; pictographs have no spoken form.
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ue000-\uf8ff"
    "\U0001f000-\U0001faff\u2600-\u2604\u260e-\u263f\u2654-\u27bf]"
)
_BLANKS = re.compile(r"[^\S\n]+")

# "&amp;amp;lt;" nests; the run of ampersands is folded first so that one pass is nearly always enough.
_NESTED_AMP = re.compile(r"&(?:(?:amp|#0{0,9}38|#[xX]0{0,9}26);)+")
# References to the replacement character, also without "#" and cut off, as found in scraped text.
_BROKEN_REFERENCE = re.compile(r"&#?65533;?(?:%\d?)?")

_TAG_NAMES = (
    "a|abbr|b|big|blockquote|body|br|center|cite|code|dd|del|div|dl|dt|em|font|form|h[1-6]|head|"
    "hr|html|i|iframe|"
    "img|input|ins|label|li|link|main|mark|meta|nav|ol|option|p|pre|s|script|section|select|"
    "small|span|strike|"
    "strong|style|sub|sup|svg|table|tbody|td|tfoot|th|thead|title|tr|tt|u|ul|video"
)
_ATTRIBUTES = r"(?:\s++[\w:-]++\s*+=\s*+(?:\"[^\"<>]*+\"|'[^'<>]*+'|[^\s\"'<>]++))*+"
_CONTENTLESS = re.compile(r"<(script|style)\b[^<>]*+>[^<]*+</\1\s*+>", re.I)
_COMMENT = re.compile(r"<!--[^<>]*+-->|<!doctype[^<>]*+>", re.I)
_BLOCK_TAG = re.compile(
    rf"</?(?:br|p|div|li|ul|ol|tr|td|th|table|h[1-6]|hr|dd|dt|section){_ATTRIBUTES}\s*+/?>", re.I
)
_TAG = re.compile(rf"</?(?:{_TAG_NAMES}){_ATTRIBUTES}\s*+/?>", re.I)
# Stage directions and transcriber's marks: <对医生讲>, <结束>, <UNSURE>, <INAUDIBLE_SPEECH/>.
_DIRECTION = re.compile(r"<[一-龥]{1,8}>|</?[A-Z][A-Z_]{3,30}/?>")

_IMAGE_LINK = re.compile(r"!\[[^\[\]\n]{0,300}+\]\([^()\s]{0,500}+\)")
_LINK = re.compile(r"\[([^\[\]\n]{1,300}+)\]\([^()\s]{0,500}+\)")
_HEADING = re.compile(r"^[ ]{0,3}#{1,6}+[ ]*(?!\d)", re.M)
_RULE = re.compile(r"^[ ]*(?:[-*_=|:]{3,}[ ]*)++$", re.M)
_EMPHASIS = re.compile(r"\*{2,}+|_{2,}+|~~++|`++")
_ITALIC = re.compile(r"(?<![\w*])\*([^*\n\s][^*\n]{0,200}+)\*(?![\w*])")
_HASH_PIPE = re.compile(r"\|#\||\|+|#(?!\d)#*")
_LINE_BULLET = re.compile(r"^[ ]*(?:[-*+•·●○▪■◆◇►▶※–—][ ]+|[•●○▪■◆◇►▶※·][ ]*)", re.M)
_INLINE_BULLET = re.compile(r"[ ]*[•●▪■◆►▶][ ]*|(?<=\S)[ ]{2,}-[ ]+(?=\S)")
_DASH_BULLET = re.compile(r"(?<=[^\d\s])[ ]-[ ](?=[^\W\d])")
_CIRCLED_MARK = re.compile(r"[\u2460-\u2473\u2474-\u2487\u2488-\u249b\u2776-\u277f]")
_CIRCLED = re.compile(rf"[ ]*{_CIRCLED_MARK.pattern}")

# A number that may open a list item. It is taken away only in a run 1, 2, …: see `_drop_numbering`.
_NUMBERING = re.compile(
    r"(?P<paren>[(（][ ]?(?P<p>\d{1,2})[ ]?[)）])"
    r"|(?P<dot>(?<![\w.,/%+-])(?P<d>\d{1,2})[ ]?(?P<s>[.、．)）])(?![\d.)]))"
    r"|(?P<han>(?<=[\u4e00-\u9fff])(?<![第类型级期度次约每各共至到])(?P<h>\d{1,2})(?P<t>[.、．)）])"
    r"(?=[\u4e00-\u9fff]))"
)
_CJK = "\u3400-\u4dbf\u4e00-\u9fff"
_STOPS = ".!?:;,。！？：；，、…"

_URL = re.compile(
    r"(?:https?://|www\.)[^\s<>\"'，。；！？、（）()\u4e00-\u9fff]++(?:\([^\s<>()]{0,80}+\))?", re.I
)
_HOST = re.compile(
    r"(?<![\w@.-])[A-Za-z0-9-]++(?:\.[A-Za-z0-9-]++)++(?:/[^\s<>\"'，。；（）()\u4e00-\u9fff]*+)?"
)
_TLD = re.compile(r"\.(?:com|org|net|gov|edu|info|cn|uk|eu)(?:/|$)", re.I)
# Never in clean text, and (unlike other controls) not white space to Python.
URL_MASK = "\x7f"
_MASKED_URL = re.compile(
    rf"(?:(?:[,;]?[ ]?\b(?:at|on|see|visit|from|via)|\b(?:web ?site|internet|url|link|网址|网站"
    rf"|链接)[:：]?)[ ]*)?"
    rf"[(（\[]?[ ]*{URL_MASK}(?:[ ]*{URL_MASK})*+[ ]*[)）\]]?",
    re.I,
)

# Field labels that question sites run into the text.
_LABELS_ZH = re.compile(
    r"(?:病情分析|问题分析|指导意见|意见建议|治疗方案|健康指导|全部症状|发病时间及原因|治疗情况"
    r"|病情描述|问题描述|"
    r"想得到的帮助|想得到怎样的帮助|想得到怎么的帮助|医生询问|回复人的回复|曾经治疗情况和效果|化验、检查结果)"
    r"(?:\d{10}[\d:：]*)?[:：]+"
    # The question's title repeated below the answer, and times of posting.
    r"|以上是对“[^“”]{0,100}+”这个问题的建议[，,]?|(?:补充)?问题\d?[:：]?[(（]20\d{8}[\d:：]*[)）]"
    # Fields of a form that were left empty.
    r"|(?:患者)?(?:性别|年龄)[:：](?=\s*(?:$|(?:患者)?(?:性别|年龄)[:：]))"
)
# Buttons of a web page, run into its text.
_LABELS_EN = re.compile(r"\b(?:Top of [Pp]age|[Bb]ack to [Tt]op)\b:?")


def clean(text: str, lang: str) -> str:
    """Return `text` as one line of plain text without markup and URLs; `clean(clean(x)) == clean(x)`."""
    return _to_fixpoint(text, lambda t: drop_urls(_normalise_once(t, lang)))


def normalise(text: str, lang: str) -> str:
    """Return `clean(text, lang)` with its URLs still in place (to see which sentences lean on them)."""
    return _to_fixpoint(text, lambda t: _normalise_once(t, lang))


def drop_urls(text: str) -> str:
    """Take URLs and bare host names out, with the "at", "visit" or "Website:" that leads to them."""
    masked = mask_urls(text)
    return _MASKED_URL.sub(" ", masked).strip() if URL_MASK in masked else text


def mask_urls(text: str) -> str:
    """Return `text`, as long as before, with every character of a URL or bare host name made `URL_MASK`."""
    text = _URL.sub(_mask, text)
    return _HOST.sub(lambda m: _mask(m) if _TLD.search(m[0].rstrip(".")) else m[0], text)


def _mask(match: re.Match[str]) -> str:
    url = match[0].rstrip(".,;:!?")
    return URL_MASK * len(url) + match[0][len(url) :]


def _to_fixpoint(text: str, step: Callable[[str], str], rounds: int = 4) -> str:
    """Apply `step` until nothing changes. Text built to unfold for ever loses its markup characters instead."""
    for _ in range(rounds):
        result = step(text)
        if result == text:
            return text
        text = result
    text = re.sub(r"[<>&*_`~#|\[\]\\=+•·●○▪■◆◇►▶※–—-]+", " ", text)
    for _ in range(rounds):
        result = step(text)
        if result == text:
            return text
        text = result
    # Numbers nested in numbers ("1.1.2.2.") are what is left; without stops there is nothing to unfold.
    return re.sub(r"\s+", " ", re.sub(r"[^\w\s\u4e00-\u9fff]+", " ", text)).strip()


def _normalise_once(text: str, lang: str) -> str:
    zh = lang.startswith("zh")
    text = _characters(text)
    text = _html(text)
    text = _markdown(text)
    text = (_LABELS_ZH if zh else _LABELS_EN).sub("\n", text)
    text = _lists(text, zh)
    return _chinese_layout(text) if zh else _english_layout(text)


def _characters(text: str) -> str:
    text = _MISREAD.sub(_read_again, text.replace("\r\n", "\n").replace("\r", "\n")).translate(_CHARACTERS)
    text = re.sub(r"(?<=\d)．(?=\d)", ".", text)
    text = re.sub(r"(?<=\d)．", ".", text).replace("．", "。")
    text = _UNWANTED.sub(" ", unicodedata.normalize("NFC", text))
    return _BLANKS.sub(lambda m: " " if len(m[0]) == 1 else "  ", text)


def _read_again(match: re.Match[str]) -> str:
    for encoding in ("latin-1", "cp1252"):
        try:
            return match[0].encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
    return match[0]


def _html(text: str) -> str:
    if "&" in text:
        text = _BROKEN_REFERENCE.sub("", _NESTED_AMP.sub("&", text))
        text = html.unescape(text)
    if "<" in text:
        text = _COMMENT.sub(" ", _CONTENTLESS.sub(" ", text))
        text = _TAG.sub("", _BLOCK_TAG.sub("\n", text))
        text = _DIRECTION.sub(" ", text)
    return text


def _markdown(text: str) -> str:
    text = _LINK.sub(r"\1", _IMAGE_LINK.sub(" ", text))
    text = _RULE.sub("", _HEADING.sub("", text))
    text = _ITALIC.sub(r"\1", _EMPHASIS.sub("", text))
    return _HASH_PIPE.sub(" ", text)


def _lists(text: str, zh: bool) -> str:
    """Turn list marks into line breaks; `_*_layout` makes sentences of the lines."""
    text = _LINE_BULLET.sub("\v", text)
    if _CIRCLED_MARK.search(text):
        text = _CIRCLED.sub("\v", text)
    text = _INLINE_BULLET.sub("\v", text)
    if not zh and len(_DASH_BULLET.findall(text)) >= 3:
        text = _DASH_BULLET.sub("\v", text)
    return _drop_numbering(text)


def _drop_numbering(text: str) -> str:
    """Replace the numbers of lists by item marks: runs 1, 2, … of one style, each where an item may begin."""
    runs: dict[str, list[re.Match[str]]] = {}
    done: list[re.Match[str]] = []
    for match in _NUMBERING.finditer(text):
        number = int(match["p"] or match["d"] or match["h"])
        style = "(" if match["paren"] else "."
        before = (
            text[: match.start()].rstrip(" ")[-1:]
            if match.start() < 4
            else text[match.start() - 4 : match.start()]
        )
        before = before.rstrip(" ")
        # In running English a number after a word counts something ("stage 1. …"): no list there.
        if style == "." and before and not match["han"] and before[-1].isalnum() and before[-1].isascii():
            continue
        run = runs.setdefault(style, [])
        if number == 1:
            if len(run) > 1:
                done += run
            runs[style] = [match]
        elif run and number == len(run) + 1:
            run.append(match)
    done += [m for run in runs.values() if len(run) > 1 for m in run]
    if not done:
        return text
    pieces, last = [], 0
    for match in sorted(done, key=lambda m: m.start()):
        pieces += [text[last : match.start()], "\v"]
        last = match.end()
    return "".join([*pieces, text[last:]])


def _join_items(text: str, comma: str, colon: str, stop: str, long: Callable[[str], bool]) -> str:
    """Join lines ("\\n") and list items ("\\v") into running text with the punctuation they imply."""
    parts = re.split(r"\s*([\v\n])\s*", text.strip(" \n"))
    result, in_list = parts[0], False
    for mark, part in zip(parts[1::2], parts[2::2], strict=True):
        if not part:
            continue
        if not result:
            result = part
        elif result[-1] in _STOPS:
            result += " " + part
        elif mark == "\v":
            last = re.split(r"[.!?。！？；;:：]", result[-400:])[-1]
            result += (stop if in_list and long(last) else comma if in_list else colon) + " " + part
        else:
            result += stop + " " + part
        in_list = mark == "\v"
    return result


def _english_layout(text: str) -> str:
    # A line that goes on in lower case was only wrapped.
    text = re.sub(r"[ ]*\n[ ]*(?=[a-z(])", " ", text)
    text = _join_items(text, ";", ":", ".", lambda item: item.count(" ") >= 8)
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"[ ]+(?=[,;:!?](?:\s|$)|\.(?:\s|$))", "", text)
    text = re.sub(r"\.{4,}|…+", "...", text)
    text = re.sub(r"([!?,;:])\1+", r"\1", text)
    text = re.sub(r"[(（\[][ ]*[)）\]]", "", text)
    return re.sub(r"\s+", " ", text).strip(" ,;:|")


def _chinese_layout(text: str) -> str:
    text = _join_items(text, "；", "：", "。", lambda item: len(item) >= 25)
    han = len(re.findall(f"[{_CJK}]", text))
    gaps = len(re.findall(rf"(?<=[{_CJK}])[ ]+(?=[{_CJK}])", text))
    # A blank between two characters stands for a comma, unless the text is set with blanks throughout.
    text = re.sub(rf"(?<=[{_CJK}])\s+(?=[{_CJK}])", "" if gaps > 5 and gaps * 4 > han else "，", text)
    text = re.sub(r"(?<=[，。！？；：、])\s+|\s+(?=[，。！？；：、])", "", text)
    text = re.sub(r"\.{3,}", "。", re.sub(r"…{3,}", "……", text))
    text = re.sub(r"([，。！？；：、])\1+", r"\1", text)
    text = re.sub(r"[，、；：]+(?=[。！？])", "", text)
    text = re.sub(r"([。！？])[，。；：、]+", r"\1", text)
    text = re.sub(r"[(（\[][ ]*[)）\]]", "", text)
    return re.sub(r"\s+", " ", text).strip(" ，；：、|").lstrip("。！？")
