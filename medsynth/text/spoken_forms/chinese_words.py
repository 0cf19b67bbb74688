"""Mandarin readings of Latin words: acronyms, dosing, Roman numerals, bare units."""

from __future__ import annotations

import re

from medsynth.text.spoken_forms import listed
from medsynth.text.spoken_forms.chinese_dashes import signed_abbreviation
from medsynth.text.spoken_forms.chinese_names import read_name
from medsynth.text.spoken_forms.letters import acronym_zh, spell
from medsynth.text.spoken_forms.numerals import cardinal_zh
from medsynth.text.spoken_forms.scan import Hit
from medsynth.text.spoken_forms.units import BELOW_ZH, UNIT_ZH, ZH, below_zh

_DOSING = {
    "bid": "每天两次", "tid": "每天三次", "qid": "每天四次", "qd": "每天一次", "qod": "隔天一次",
    "qn": "每晚一次",
    "qhs": "睡前", "hs": "睡前", "prn": "必要时", "po": "口服", "iv": "静脉注射", "im": "肌肉注射",
    "ih": "皮下注射",
    "ivgtt": "静脉滴注", "ivdrip": "静脉滴注", "vd": "静脉滴注", "sc": "皮下注射", "st": "立即", "ac": "饭前",
    "pc": "饭后", "biw": "每周两次", "qw": "每周一次", "qm": "每早一次",
}  # fmt: skip
_SURE_DOSING = frozenset(listed("bid tid qid qd qod qn qhs prn ivgtt biw qw"))
_AFTER_DOSE = re.compile(r"(?:\d|m?g|ml|[毫微]?[克升]|[片粒支滴袋次丸注服]|[a-z]{2,3}) ?[,，]? ?\Z", re.I)
_EVERY = re.compile(r"[qQ](?P<a>\d{1,2})(?:[-~](?P<b>\d{1,2}))?(?P<u>[hHdDwW])(?![A-Za-z0-9])")
_EVERY_UNITS = {"h": "小时", "d": "天", "w": "周"}
_ROMAN = {r: n for n, r in enumerate(listed("I II III IV V VI VII VIII IX X XI XII"), 1)}
_ROMAN_TOKEN = re.compile(r"(?P<r>VIII|VII|III|XII|VI|IV|IX|XI|II|I|V|X)(?P<s>[a-cA-C]?)(?![A-Za-z0-9])")
_ROMAN_NEXT = re.compile(
    r"[a-cA-C]? ?(?:[+-]级|型|期|级|度|类|代|号|区|相|段|阶段|因子|肽|受体|导联|心衰|心功能|组|脑神经|颅神经|步"
    r"|[-~—至到、/，]{1,2} ?[IVX]+[a-cA-C]?(?:型|期|级|度|类|代|号|区|相|段|、|[-~]))"
)
# Letters that were spelled already: the "I" of "A C E I类" is no number.
_SPELLED_BEFORE = re.compile(r"(?:\A|[^A-Za-z])[A-Z] \Z")
_ROMAN_BEFORE = re.compile(r"(?:第|因子|NYHA|NYHA分级|分级|分期|分型|分为|级别|CIN|[IVX][-~—至到、/])\Z")
_NAME_DIGITS = re.compile(r"-?(?=\d)")
# Units that are read without a number before them too ("单位mmol/L", "几cm"); others only where one is meant.
_BARE_UNITS = frozenset(listed("mg ml mL kg mmHg mmhg ug ng IU mmol umol μmol mcg kcal dl dL min"))
_AMBIGUOUS_UNITS = frozenset(listed("cm CM mm MM cc CC iu Mg MG ML Kg KG"))
_UNIT_BEFORE = re.compile(r"(?:\d[,，.]?|[一二两三四五六七八九十百千万半几少单位为零点数]|[(（/]) ?\Z")
_ROUTES = frozenset(listed("po iv im ih sc"))
_BEFORE_DOSING = re.compile(r" ?[,，]? ?(?:st|bid|tid|qid|qd|qn|qod|q\d{1,2}h|prn|biw|qw)(?![A-Za-z])", re.I)
_DRIP = re.compile(r"[iI][vV][. ]?(?:gtt|drip|GTT|DRIP)(?![A-Za-z])")
_NOT_ORAL = re.compile(r"[主文图出上了]|-?\d|\.[a-z]")
# A patient's name that was crossed out: "李XX，女".
_NAMELESS_BEFORE = re.compile(r"(?:\A|[^㐀-鿿]|患者|病人|病员)[㐀-鿿]\Z")
_NAMELESS_NEXT = re.compile(r"[，,、。]|先生|女士|[男女]|\Z")
_NO = re.compile(r"[Nn][Oo]\.? ?(?=\d)")
# A small "l" typed for the digit one: "l~3个月".
_ONE = re.compile(r"(?<![A-Za-z\d/])l(?=~\d{1,2}(?:个|天|日|周|月|年|岁|次|片|粒|小时|分钟))")
_PERSON = re.compile(r"(?:\A|(?<=[^A-Za-z]))(?:Dr|Mr|Mrs|Ms)\.?(?= ?[A-Z])")
_POSITIVE = re.compile(r"\+(?![\d+A-Za-z])(?=[，。；、,;）)\s]|细胞|淋巴|\Z)")


def read_word(text: str, at: int) -> Hit | None:
    """Return the reading of the Latin word at `at`."""
    match = re.compile(r"[A-Za-z]+").match(text, at)
    assert match is not None
    word, end = match[0], match.end()
    lower = word.lower()
    if word == "l" and _ONE.match(text, at):
        return Hit(end, "一")
    every = _EVERY.match(text, at) if lower == "q" else None
    if every:
        upper = f"到{cardinal_zh(int(every['b']))}" if every["b"] else ""
        first = "两" if every["a"] == "2" else cardinal_zh(int(every["a"]))
        return Hit(every.end(), f"每{first}{upper}{_EVERY_UNITS[every['u'].lower()]}一次")
    drip = _DRIP.match(text, at) if lower == "iv" else None
    if drip:
        return Hit(drip.end(), "静脉滴注")
    dosing = re.compile(r"(?P<w>(?:[A-Za-z]\.){2,3}|[A-Za-z]+)").match(text, at)
    if dosing:
        plain = dosing["w"].replace(".", "").lower()
        if plain in _DOSING and (
            plain in _SURE_DOSING
            or "." in dosing["w"]
            or (plain in _ROUTES and word == plain and _BEFORE_DOSING.match(text, dosing.end()))
            or (plain == "po" and word == "po" and _NOT_ORAL.match(text, end) is None)
            or (not word.isupper() and _AFTER_DOSE.search(text, max(0, at - 8), at))
        ):
            return Hit(dosing.end(), _DOSING[plain])
    number = _NO.match(text, at)
    if number:
        return Hit(number.end(), "编号")
    person = _PERSON.match(text, at)
    if person:
        return Hit(
            person.end(),
            {"D": "医生 ", "M": " "}[person[0][0]] if person[0][0] == "D" else spell(person[0].rstrip(".")),
        )
    if word[0] in "IVX":
        hit = _roman(text, at)
        if hit:
            return hit
    name = read_name(text, at, word)
    if name:
        return name
    unit = UNIT_ZH.match(text, at)
    if (
        unit
        and (below := BELOW_ZH.match(text, unit.end()))
        and (
            len(unit["u"]) > 1
            or (
                unit["u"] in "gGuU"
                and below[0][1:].strip().lower() in ("l", "dl", "ml", "kg", "d", "天", "日")
            )
        )
    ):
        return Hit(below.end(), f"{ZH[unit['u'].lower()].many}{below_zh(below[0])}")
    if (
        unit
        and not text[end : end + 1].isdecimal()
        and (
            word in _BARE_UNITS
            or (lower == "u" and text[at - 1 : at] == "万")
            or (word in _AMBIGUOUS_UNITS and _UNIT_BEFORE.search(text, max(0, at - 4), at))
        )
    ):
        return Hit(unit.end(), ZH[unit["u"].lower()].many)
    if (
        lower == "xx"
        and _NAMELESS_BEFORE.search(text, max(0, at - 4), at)
        and _NAMELESS_NEXT.match(text, end)
    ):
        return Hit(end, "某某")
    if lower == "x" and text[end : end + 1] in "光线片":
        return Hit(end, "X")
    said = acronym_zh(word)
    digits = _NAME_DIGITS.match(text, end)
    if digits and said is None and len(word) <= 3 and not (word.islower() and len(word) > 2):
        said = spell(word)
    if text[end : end + 1] == "+" and _POSITIVE.match(text, end) and said is not None:
        return Hit(end + 1, f"{said}阳性")
    if digits and digits[0] == "-" and not signed_abbreviation(text, end, end + 1):
        return Hit(digits.end(), (said or word))
    return Hit(end, said) if said is not None and said != word else None


def _roman(text: str, at: int) -> Hit | None:
    match = _ROMAN_TOKEN.match(text, at)
    if match is None or (len(match["r"]) == 1 and _SPELLED_BEFORE.search(text, max(0, at - 3), at)):
        return None
    if not (
        _ROMAN_NEXT.match(text, match.end("r"))
        or _ROMAN_BEFORE.search(text[max(0, at - 8) : at])
        or len(match["r"]) > 2
        or match["r"] == "II"
    ):
        return None
    return Hit(match.end(), cardinal_zh(_ROMAN[match["r"]]) + match["s"].upper())
