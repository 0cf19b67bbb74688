"""Taking personal data out of text so that the sentence can still be said aloud.

Names with a title become the title ("the doctor", "医生"), stated names leave their clause, numbers and
addresses become what they are ("a phone number", "一个电话号码"), a date of birth keeps its year, which
is medically useful and identifies nobody. Diseases named after people, hospitals, doses and laboratory
values stay. The rules are conservative on purpose: a name without title or introduction is not found.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from medsynth.text.names import NAME_RULES, Replace, Rule

KINDS = ("name", "phone", "email", "id", "address", "account", "birth_date")
# Kinds by which somebody can be reached: a text made of these is an advertisement.
CONTACT_KINDS = frozenset({"phone", "email", "address", "account"})

_SPOKEN = {
    "en": {
        "phone": "a phone number",
        "email": "an e-mail address",
        "id": "an ID number",
        "address": "an address",
        "account": "a chat account",
    },
    "zh": {
        "phone": "一个电话号码",
        "email": "一个邮箱地址",
        "id": "一个证件号码",
        "address": "一个地址",
        "account": "一个账号",
    },
}


@dataclass
class Redaction:
    """What was taken out: occurrences by kind, and how many characters of the text they were."""

    text: str
    counts: dict[str, int] = field(default_factory=dict)
    characters: int = 0

    def note(self, kind: str, match: str) -> None:
        """Count one occurrence."""
        self.counts[kind] = self.counts.get(kind, 0) + 1
        self.characters += len(match)


def redact(text: str, lang: str) -> tuple[str, dict[str, int]]:
    """Return the text without personal data and how often each of `KINDS` was taken out.

    Idempotent. `lang` ("en", "zh-…") chooses the language of what is put instead and of the rules for names.
    """
    result = redaction(text, lang)
    return result.text, result.counts


def redaction(text: str, lang: str, birth_asked: bool = False) -> Redaction:
    """Return what `redact` returns, with the number of characters that were personal data.

    Dates said in words are taken out where the text speaks of birth, or where a date of birth was asked for.
    """
    spoken = "zh" if lang.startswith("zh") else "en"
    result = Redaction(text)
    for _ in range(6):
        before = result.text
        hints = {_BIRTH: True} if birth_asked else {}
        for rule in _RULES:
            if spoken in rule.languages and _may_match(rule, result.text, hints):
                result.text = rule.pattern.sub(_replacer(rule, spoken, result), result.text)
        if result.counts:
            result.text = _tidy(result.text, spoken)
        if result.text == before:
            break
    return result


def _may_match(rule: Rule, text: str, hints: dict[str, bool]) -> bool:
    """Whether what every match of the rule holds occurs at all: most texts have no number to look at."""
    if rule.hint not in hints:
        hints[rule.hint] = re.search(rule.hint, text) is not None
    return hints[rule.hint]


_ZH_ADVERT = re.compile(r"(?:搜索|百度)(?:一下)?我|就诊地址[:：]")


def advertises(text: str) -> bool:
    """Return whether a doctor's Chinese text sends the reader to a practice of its own."""
    return _ZH_ADVERT.search(text) is not None


def mentions_contacts(text: str) -> int:
    """Return how often `text` says one of the phrases that stand for a phone number, address or account."""
    phrases = (p for spoken in _SPOKEN.values() for k, p in spoken.items() if k in CONTACT_KINDS)
    return sum(text.count(phrase) for phrase in phrases)


def _replacer(rule: Rule, lang: str, result: Redaction) -> Callable[[re.Match[str]], str]:
    def replace(match: re.Match[str]) -> str:
        new = rule.replace(match, lang)
        if new is None or new == match[0]:
            return match[0]
        result.note(rule.kind, match[0])
        return new

    return replace


def _say(kind: str, keep: str | None = None) -> Replace:
    """Replace the match by the spoken name of `kind`, behind the text of the group `keep`."""

    def replace(match: re.Match[str], lang: str) -> str:
        head = (match[keep] or "") if keep else ""
        gap = " " if lang == "en" and head and head[-1].isalnum() else ""
        return head + gap + _SPOKEN[lang][kind]

    return replace


_REPEATED = re.compile(
    r"\b(a phone number|an e-mail address|an address)(?:[,;]? (?:or )?[(]?\1[)]?)+"
    r"|(一个电话号码|一个邮箱地址|一个地址)(?:[，、；或(（ ]{0,2}\2[)）]?)+"
)


def _tidy(text: str, lang: str) -> str:
    """Fold repeated phrases and mend the punctuation around what was taken out."""
    text = _REPEATED.sub(lambda m: m[1] or m[2], text)
    if lang == "zh":
        return re.sub(r"[，、；]+(?=[。！？])", "", text).lstrip("，、；。")
    return re.sub(r"(?<=\w)(a phone number)(?=\w)", r" \1 ", text)


# --- numbers and addresses of the network ---------------------------------------------------------------
# ASCII patterns: a Han character beside a digit is no part of a word.

# What follows an amount, so that no amount is taken for a telephone number.
_UNIT = (
    r"(?!\s?(?:(?:mg|mcg|µg|μg|ug|g|kg|ml|l|iu|IU|units?|U|mmol|mL|L|years?|days?|cells?|patients?"
    r"|people|copies|cm|mm)\b"
    r"|[%‰元毫克单万亿例岁]))"
)
_EMAIL = re.compile(
    r"(?:(?:e-?mail|邮箱|电邮)\s?[:：]\s?)?(?<![\w.%+-])[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}+"
    r"(?:\.[A-Za-z0-9-]{1,63}+){1,8}",
    re.I | re.A,
)
_VANITY = re.compile(
    r"(?<![\w-])(?:1[- ])?8(?:00|33|44|55|66|77|"
    r"88)-(?P<tail>[A-Z0-9]{2,12}(?:-[A-Z0-9]{2,12}){0,3})(?![\w-])",
    re.A,
)
_NANP = re.compile(
    r"(?<![\w.+/-])(?:\+?1[-. ]{1,2})?(?:\(\d{3}\) ?|\d{3}[-. ])\d{3}[-. ]\d{4}(?:(?:,| )? ?(?:ext"
    r"|x)\.? ?\d{1,5})?(?![\w-])(?!\.\d)" + _UNIT,
    re.A,
)
_TOLL_FREE = re.compile(r"(?<![\w.,+-])1?8(?:00|33|44|55|66|77|88)\d{7}(?![\w-])(?!\.\d)" + _UNIT, re.A)
_INTERNATIONAL = re.compile(
    r"(?<![\w+])\+\d{1,3}[-. ]?(?:\(0?\d{1,4}\)[-. ]?)?\d{2,4}(?:[-. ]?\d{2,4}){1,4}(?![\w-])" + _UNIT, re.A
)
_UK = re.compile(
    r"(?<![\w.,+/-])0(?:\d{4}[- ]\d{6}|\d{3}[- ]\d{3}[- ]\d{4}|\d{2}[- ]\d{4}[- ]\d{4}|7\d{9}"
    r"|7\d{3}[- ]\d{3}[- ]?\d{3})(?![\w-])" + _UNIT,
    re.A,
)
_CALLED = re.compile(
    r"(?P<head>\b(?:(?:tele)?phone(?: number)?|tel|tty|tdd|fax|cell(?: ?phone)?|mobile|call(?:ing)?"
    r"|dial|text me(?: at| on)?|"
    r"reach me(?: at| on)?)(?:\.|:)?(?: (?:(?:me|us|at|on|is|number|no\.?)\b:? ?){0,3}| ?))"
    r"(?P<number>\(?\d{3,5}\)?[-. ]?\d{3,4}(?:[-. ]?\d{3,6})?)(?![\w-])" + _UNIT,
    re.I | re.A,
)
_ZH_MOBILE = re.compile(
    r"(?<![\d.])(?:\+?86[- ]?)?1[3-9]\d(?:\d{8}|[- ]\d{4}[- ]\d{4})(?![\d.]\d|\d)" + _UNIT, re.A
)
_ZH_SERVICE = re.compile(r"(?<![\d.])[48]00(?:[- ]\d{3,4}[- ]\d{3,4}|\d{7})(?!\d|\.\d)" + _UNIT)
_ZH_LANDLINE = re.compile(r"(?<![\d.])(?:[(（]0\d{2,3}[)）]|0\d{2,3}[-—– ])\d{7,8}(?!\d|\.\d)" + _UNIT)
_ZH_CALLED = re.compile(
    r"(?P<head>(?:电话|手机|手机号|座机|热线|传真|拨打|致电|联系方式|联系我|短信)(?:号码|号)?[是为:： ]{0,3})"
    r"(?P<number>\d{3,4}[-— ]?\d{3,4}[- ]?\d{0,4})(?!\d|\.\d)" + _UNIT
)
_ZH_ACCOUNT = re.compile(
    r"(?P<head>(?:[Qq]{2}|扣扣|加我?扣|企鹅|微信|薇信|威信|[Vv][Xx]|[Ww]e[Cc]hat|钉钉|抖音|陌陌)(?:群"
    r"|号|号码|账号|帐号)?[是为:：+＋加我 ]{0,4})"
    r"(?P<number>(?:[A-Za-z][A-Za-z0-9_-]{5,19}|\d[A-Za-z0-9_-]{4,19}))(?![A-Za-z0-9_])"
)
_EN_ACCOUNT = re.compile(
    r"(?P<head>\b(?:whatsapp|wechat|telegram|skype|instagram|facebook|snapchat)(?: (?:id|account|handle"
    r"|name))?(?: is|:| at) ?)"
    r"(?P<number>@?[a-z0-9](?:[\w.-]{0,30}[\d_@][\w.-]{0,30}|[\w.-]{4,30}(?=@)))",
    re.I | re.A,
)


def _vanity(match: re.Match[str], lang: str) -> str | None:
    tail = match["tail"].replace("-", "")
    # 1-800-CDC-INFO, 877-22-NIAMS; but not "1-800-IU".
    return _SPOKEN[lang]["phone"] if 7 <= len(tail) <= 11 else None


def _called(match: re.Match[str], lang: str) -> str | None:
    digits = sum(c.isdigit() for c in match["number"])
    return _say("phone", "head")(match, lang) if 7 <= digits <= 13 else None


# --- identity numbers, dates of birth, addresses ---------------------------------------------------------

_ZH_ID = re.compile(
    r"(?:身份证(?:号码|号)?[是为:： ]{0,3})?(?<!\d)[1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])"
    r"(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?![\dA-Za-z])"
)
_ZH_NUMBERED = re.compile(
    r"(?P<head>(?:身份证|病历|病例|病案|住院|门诊|就诊卡|医保卡?|社保卡?|护照|银行卡|登记|条码|标本)"
    r"(?:号码|号|编号)[是为:： ]{0,3})"
    r"(?P<number>[A-Za-z]{0,3}\d[\dA-Za-z-]{3,22})(?![\dA-Za-z])"
)
_SSN = re.compile(r"(?<![\w.-])\d{3}-\d{2}-\d{4}(?![\w-])" + _UNIT, re.A)
_NUMBERED = re.compile(
    r"(?P<head>\b(?:mrn|nhs (?:number|no\.?)|(?:medical )?record (?:number|no\.?)|patient (?:id|number)"
    r"|chart number|"
    r"(?:social security|insurance|policy|passport|medicare|medicaid|account|driver'?s licen[cs]e|member)"
    r" (?:number|no\.?|id))(?: is| of)?[:#]? ?#?)(?P<number>[A-Z]{0,3}-?\d[\dA-Z]{2,}"
    r"(?:[- ]\d{2,6}){0,3})(?![\w-])",
    re.I | re.A,
)
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_BORN = re.compile(
    rf"(?P<head>\b(?:born|birth ?date|birthday|date of birth|d\.?o\.?b\.?)(?: ?[,:]? ?(?:on|is|of|"
    rf"was|uh|um)){{0,2}} ?[,:]? ?"
    rf"(?:the )?)(?<=\W)"
    rf"(?:(?:\d{{1,2}} ?[/.,-] ?\d{{1,2}} ?[/.,-] ?(?P<y1>\d{{4}}|\d{{2}}))|"
    rf"(?P<y2>\d{{4}})-\d{{1,2}}-\d{{1,2}}"
    rf"|(?:\d{{1,2}}(?:st|nd|rd|th)? (?:of )?{_MONTH},? (?P<y3>\d{{4}}))|(?:{_MONTH} \d{{1,2}}(?:st|nd"
    rf"|rd|th)?(?: ?,)? (?P<y4>\d{{4}})))(?![\d/-])",
    re.I,
)
_TENS = (
    r"(?:ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty|"
    r"thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred)"
)
_UNITS = r"(?:one|two|three|four|five|six|seven|eight|nine)"
_ORDINAL = (
    r"(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|"
    r"thirteenth|fourteenth|fifteenth|sixteenth|"
    rf"seventeenth|eighteenth|nineteenth|twentieth|thirtieth|(?:twenty|thirty)[ -](?:first|second|"
    rf"third|fourth|fifth|sixth|seventh|eighth|ninth)|"
    rf"{_TENS}|\d{{1,2}}(?:st|nd|rd|th))"
)
_MONTH_SAID = _MONTH.removesuffix(r"\.?")
_PAUSE = r"(?:[ ,.…]{1,6}(?:uh|um|of|the)\b){0,3}[ ,.…]{1,6}"
_SAID_YEAR = rf"nineteen(?: {_TENS})(?:[ -]{_UNITS})?|two thousand(?: and)?(?: {_TENS}|(?: {_UNITS}))?"
# A day, a month and a year said in words are when somebody was born, but "on" a day something was done.
_SAID_DATE = re.compile(
    rf"(?:(?<=born )on |"
    rf"(?<!\bon )(?<!\bon the )(?<!since )(?<!from )(?<!for )(?<!around )(?<!\bwas ))\b(?:the )?"
    rf"(?:{_ORDINAL}{_PAUSE}{_MONTH_SAID}|{_MONTH_SAID} (?:the )?{_ORDINAL}){_PAUSE}"
    rf"(?P<year>{_SAID_YEAR})(?!\w)"
    rf"|(?<=born in )(?P<first>{_SAID_YEAR}){_PAUSE}(?:on )?(?:the )?{_ORDINAL}{_PAUSE}{_MONTH_SAID}(?!\w)",
    re.I,
)
_SAID_EMAIL = re.compile(
    r"\b\w{1,20}(?:(?: dot | underscore )\w{1,20}){0,3},? at,? (?:\w{1,15} ){1,3}dot (?:com|net|"
    r"org|edu|co dot uk|co)\b",
    re.I,
)
_ZH_BORN = re.compile(
    r"(?P<head>(?:出生日期|出生年月日?|生日|出生于|出生|生于)[是为:： ]{0,3})(?P<y1>(?:19"
    r"|20)\d{2})[年./-]\d{1,2}[月./-]\d{1,2}[日号]?(?!\d)"
    r"|(?P<y2>(?:19|20)\d{2})年\d{1,2}月\d{1,2}[日号](?=出?生(?!病))"
)
_STREET = re.compile(
    r"(?<![\w.,-])(?:P\.? ?O\.? Box \d{1,6}|(?:\d{1,5}|(?:(?:[Tt]wenty|[Tt]hirty|[Ff]orty|"
    r"[Ff]ifty|[Ss]ixty|[Ss]eventy"
    r"|[Ee]ighty|[Nn]inety)[ -])?(?:[Oo]ne|[Tt]wo|[Tt]hree|[Ff]our|[Ff]ive|[Ss]ix|[Ss]even|"
    r"[Ee]ight|[Nn]ine)) (?:[NSEW]\.? )?(?:[A-Z][a-z]{1,20} ){1,3}"
    r"(?:Street|St\.|Avenue|Ave\.?|Road|Rd\.?|Drive|Lane|Boulevard|Blvd\.?|Court|Place|Parkway|Terrace"
    r"|Circle|Highway)(?!\w))"
    r"(?:,? ?(?:Apt|Apartment|Suite|Unit|Floor|Room)\.? ?\w{1,6}|,? \d{1,2}(?:st|nd|rd|th) Floor){0,2}"
    r"(?:,?\s{1,2}[A-Z][a-z]{1,20}(?: [A-Z][a-z]{1,20}){0,2},? [A-Z]{2} \d{5}(?:-\d{4})?)?"
)
_ZIP = re.compile(r"\b[A-Z][a-z]{1,20}(?: [A-Z][a-z]{1,20}){0,2}, [A-Z]{2} \d{5}(?:-\d{4})?(?![\w-])")
_ZH_STREET = re.compile(
    r"(?P<before>[一-龥]{0,24})(?:路|街|街道|大道|胡同|巷|弄|小区|新村|花园)(?:\d{1,5}"
    r"|[一二三四五六七八九十百]{1,4})(?:号|弄|栋|幢|巷)"
    r"(?:(?:\d{1,4}|[一二三四五六七八九十]{1,3}|[A-Za-z])?(?:号楼|号院|楼|栋|幢|单元|室|座|层|门)){0,4}"
    r"(?:\d{2,4})?"
)
_ZH_LEAD = re.compile(r"家?住[在址]?|地址[是为]?|住址[是为]?|位于|就诊于|[在到去是]")
_ZH_PROVINCE = re.compile(r"[一-龥]{2,3}?(?:省|自治区)|(?:北京|上海|天津|重庆|广州|深圳)市?")


def _born(match: re.Match[str], lang: str) -> str | None:
    groups = match.groupdict()
    year = next((groups[k] for k in ("y1", "y2", "y3", "y4") if groups.get(k)), "")
    head = groups.get("head") or ""
    if lang == "zh":
        return f"{head}{year}年"
    if len(year) == 2:
        return head + "a date"
    return re.sub(r"\bon (?:the )?$", "in ", head) + year


def _said_date(match: re.Match[str], lang: str) -> str:
    return ("in " if match[0].startswith("on ") else "") + (match["year"] or match["first"])


def _zh_street(match: re.Match[str], lang: str) -> str | None:
    before = match["before"]
    if not before:
        return None
    # The address begins at its province or city, else behind the last word that leads to an address.
    place = _ZH_PROVINCE.search(before)
    leads = [m.end() for m in _ZH_LEAD.finditer(before)]
    start = place.start() if place else (leads[-1] if leads else max(0, len(before) - 4))
    return before[:start] + _SPOKEN[lang]["address"]


# What every match of a rule holds.
_NETWORKS = "(?i:whatsapp|wechat|telegram|skype|instagram|facebook|snapchat)"
_ROADS = r"Street|St\.|Ave|Road|Rd|Drive|Lane|Boulevard|Blvd|Court|Place|Parkway|Terrace|Circle|Highway|Box"
_ONE, _THREE, _BIRTH = r"\d", r"\d\d\d", r"(?i:\bborn\b|\bbirth)"
_RULES: tuple[Rule, ...] = (
    Rule("email", _EMAIL, _say("email"), hint="@"),
    Rule("id", _ZH_ID, _say("id"), hint=_THREE),
    Rule("id", _ZH_NUMBERED, _say("id", "head"), hint=_ONE),
    Rule("id", _NUMBERED, _say("id", "head"), hint=_ONE),
    Rule("id", _SSN, _say("id"), hint=_THREE),
    Rule("birth_date", _BORN, _born, ("en",), hint=_ONE),
    Rule("birth_date", _SAID_DATE, _said_date, ("en",), hint=_BIRTH),
    Rule("email", _SAID_EMAIL, _say("email"), ("en",), hint="(?i: dot )"),
    Rule("birth_date", _ZH_BORN, _born, ("zh",), hint=_THREE),
    Rule("account", _ZH_ACCOUNT, _say("account", "head"), hint=r"[A-Za-z0-9_-]{5}"),
    Rule("account", _EN_ACCOUNT, _say("account", "head"), ("en",), hint=_NETWORKS),
    Rule("phone", _VANITY, _vanity, hint="8"),
    Rule("phone", _NANP, _say("phone"), hint=_THREE),
    Rule("phone", _TOLL_FREE, _say("phone"), hint=_THREE),
    Rule("phone", _ZH_MOBILE, _say("phone"), hint=_THREE),
    Rule("phone", _ZH_SERVICE, _say("phone"), hint=_THREE),
    Rule("phone", _ZH_LANDLINE, _say("phone"), hint=_THREE),
    Rule("phone", _UK, _say("phone"), hint="0"),
    Rule("phone", _INTERNATIONAL, _say("phone"), hint=r"\+"),
    Rule("phone", _CALLED, _called, hint=_THREE),
    Rule("phone", _ZH_CALLED, _called, hint=_THREE),
    Rule("address", _STREET, _say("address"), ("en",), hint=_ROADS),
    Rule("address", _ZIP, _say("address"), ("en",), hint=_THREE),
    Rule("address", _ZH_STREET, _zh_street, ("zh",), hint="[号弄栋幢巷]"),
    *NAME_RULES,
)
