"""Mandarin dates, times of day, years, telephone numbers."""

from __future__ import annotations

import re
from itertools import pairwise

from medsynth.text.spoken_forms.numerals import cardinal_zh, digits_zh, number_zh
from medsynth.text.spoken_forms.scan import Hit

_MOBILE = re.compile(r"(?:\+?86[- ]?)?1[3-9]\d-?\d{4}-?\d{4}(?!\d)")
_LANDLINE = re.compile(r"(?:0\d{2,3}[-—]\d{7,8}|[48]00[-—]?\d{3}[-—]?\d{4}|[48]00[-—]\d{4}[-—]\d{3})(?!\d)")
_LONG = re.compile(r"\d{8,}(?![\d.,%])")
_EMERGENCY = re.compile(r"(?:120|110|119|122|114)(?![\d.,/%~:-])")
_CALLING = re.compile(
    r"(?:拨打?|打了?|叫了?|呼叫?|急救|求助|电话|联系|致电|热线|来电|咨询|拨通)[:：“\" ]{0,2}\Z"
)
# Short numbers of services: called, or named as a line that one can call.
_SERVICE = re.compile(r"(?:1\d{2,4}|9[56]\d{3}|[48]00)(?![\d.,/%~-])")
_SERVICE_NEXT = re.compile(
    r"[”\"]? ?(?:热线|急救|救护|电话|服务台|服务热线|心理援助|公共卫生|健康热线|咨询台|平台)"
)
_SERVICE_BEFORE = re.compile(r"(?:拨打?|打(?:通)?|致电|呼叫|热线|电话)(?:了|过)?[:：“\" ]{0,2}\Z")
_NOT_CALLED = re.compile(r" ?(?:[针次天个下元块年岁片支毫分秒人例]|多|mg|ml|单位|万)")
# Month and day with a slash: only where a date is told, for "1/3" is a fraction.
_SLASH_DATE = re.compile(r"(?P<m>1[0-2]|0?[1-9])/(?P<d>3[01]|[12]\d|0?[1-9])(?![\d/.%]|mm|毫米)")
_SLASH_DATE_NEXT = re.compile(
    r" ?(?:复[查诊]|来[院诊月]|入院|出院|手术|就诊|住院|化疗|放疗|拆线|末次|例假|月经|同房|检[查验]|查[血体了]"
    r"|做[了B彩]|开始|起[床来，,到病]|晚上|早上|上午"
    r"|下午|中午|凌晨|当天|那天|发[烧病热现]|停药|服药|确诊|[日号]|[:：] ?[㐀-鿿A-Z])"
)
# Behind what may as well be a fraction, only these tell a date.
_SURE_DATE_NEXT = re.compile(
    r" ?(?:复[查诊]|来[院诊]|入院|出院|就诊|末次|来?例假|来?月经|同房|[日号]|晚上|早上|上午|下午|中午|凌晨|当天|那天)"
)
_SLASH_DATE_BEFORE = re.compile(
    r"(?:末次月经|LMP|时间|日期|预产期|今年|去年|上次|下次|(?<![大小高低等多少早晚优])于)[:：是为在]{0,2} ?\Z",
    re.I,
)
# A value with a decimal point looks the same ("HCG 2010.5"): a date stands where nothing is measured.
_YEAR_MONTH_BEFORE = re.compile(
    r"(?:\A|[，。；、,;（(]|于|在|从|到|至|自|时间[是为:：]?|日期[是为:：]?"
    r"|年\.?\d{1,2}月?[-~—]|\d\.\d{1,2}[-~—和]|和|(?:\A|\n)[-*] ?)\Z"
)
_YEAR_MONTH = re.compile(
    r"(?P<y>(?:19[5-9]|20[0-3])\d)\.(?P<m>1[0-2]|0?[1-9])(?![\d.%]|[A-Za-zμ]|倍|元|[毫微千]?[克升米])"
)
_DATE = re.compile(
    r"(?P<y>(?:19|20)\d\d)(?P<s>[-./年]) ?(?P<m>1[0-2]|0?[1-9])(?:(?:(?P=s)|月) ?(?P<d>3[01]|[12]\d"
    r"|0?[1-9])(?![\d.]) ?(?P<w>日|号)?|(?P<k>月份?))?(?:(?!\d)|(?=(?:[01]\d|2[0-3])[:：]))"
)
_MONTH_DAY = re.compile(r"(?P<m>1[0-2]|0?[1-9])[./](?P<d>3[01]|[12]\d|0?[1-9])(?=[日号])")
_SOME_MONTHS = re.compile(r"[1-9](?:\.[1-9]){1,3}(?=个?月)|[1-9](?:、?[1-9]){1,3}(?=月)")
_SPOKEN_DATE = re.compile(
    r"(?P<m>1[0-2]|[1-9])\.(?P<d>3[01]|[12]\d|[1-9])(?=发[现觉病]|来(?:的?月经|例假|院)|[早晚]上"
    r"|[上下中]午|开始|住院|出院"
    r"|手术|那天|当天|去医院|做的?)"
)
_DATE_BEFORE = re.compile(r"[，。；、：,;:！？ 在于从]|\A\Z")
# A year without 年, or behind the number of an item: "2005她患…", "1.08年".
_BARE_YEAR = re.compile(
    r"(?:19[5-9]|20[0-3])\d(?=[她他我春夏秋冬初末底版曾]|至今|以来|开始|发[现病觉]|确诊|体检|期末|小时候|主要)"
)
_CITED_YEAR = re.compile(r"(?:19|20)\d\d(?=[）)])")
_ITEM_YEAR = re.compile(r"(?P<n>[1-9])\.(?P<y>0\d|[89]\d)(?=年)")
_YEAR = re.compile(
    r"(?P<y>(?:1[6-9]|20)\d\d) ?(?:(?:[-~–—至到]|—{2}) ?(?P<z>(?:1[6-9]|20)\d\d) ?)?(?=年(?!以上|之久))"
)
_CLAUSE = re.compile(r"(?:\A|[，。；、,;：:（(于在从自至到]|参考|时间) ?\Z")
_SHORT_YEAR = re.compile(
    r"(?P<y>0\d|[6-9]\d)(?=年(?!以上|来|内|前|后|的历史|左右|[多余代级]))|(?P<z>[012]\d)(?=年"
    r"(?:1[0-2]|0?[1-9])月)"
)
_ERA = re.compile(r"(?P<n>[5-9]0|[01]0)(?=后(?![天面来期]))")
_TIME = re.compile(r"(?P<h>[01]?\d|2[0-4])[:：](?P<m>[0-5]\d)(?:[:：](?P<s>[0-5]\d))?(?![\d:：])")
_RATIO = re.compile(
    r"(?P<a>\d++(?:\.\d++)?)(?: [:：] |[:：])(?P<b>\d++(?:[.,]\d++)?)(?:[:：](?P<c>\d++))?(?![\d:：])"
)
_RATIO_WORDS = re.compile(r"(?:比例?|浓度|稀释|滴度|效价|阳性|抗体|溶液)[^，。；]{0,8}\Z")
# The five markers of hepatitis B by their numbers: 一四五阳性.
_PANEL = re.compile(
    r"(?:1[23]?[45]{1,2}|13[45]?|24|245|25|35|45)(?=阳(?!台)|项阳)|(?:[1-5]{2,3})(?=阴(?!道|囊|茎"
    r"|天|影|部|毛|虱|唇|蒂))"
)
# Named by the panel, with words between: "两对半报告135都是阳性".
_PANEL_BEFORE = re.compile(r"对半(?:报告单?|化验单?|检查|检测|结果|显示|提示|示|是|为|的|[:：，, ]){0,5}\Z")
_PANEL_FOUND = re.compile(
    r"(?=[1-5]{2,5})1?2?3?4?5?(?=(?:[、项都全部均也呈是为：: ]|指标|显示|提示|弱){0,5}(?:阳性|阴性|阳|阴|\+))"
)
_ROOM = re.compile(r"\d{3}(?=医院|军区医院|部队|病房|室(?!内)|房间)")


def text_before(text: str, at: int) -> str:
    """Return the 20 characters before `at`."""
    return text[max(0, at - 20) : at]


def read_string(text: str, at: int) -> Hit | None:
    """Telephone numbers and other long strings, digit by digit."""
    match = _MOBILE.match(text, at) or _LANDLINE.match(text, at)
    if match:
        groups = re.findall(r"\d+", match[0])
        return Hit(match.end(), "，".join(digits_zh(g, yao=True) for g in groups))
    match = _LONG.match(text, at)
    if match and not match[0].endswith("0000"):
        return Hit(match.end(), digits_zh(match[0], yao=True))
    match = _EMERGENCY.match(text, at)
    if match and (
        (_CALLING.search(text_before(text, at)) and not _NOT_CALLED.match(text, match.end()))
        or re.match(r"(?:急救|电话|救护车)", text[match.end() : match.end() + 3])
    ):
        return Hit(match.end(), digits_zh(match[0], yao=True))
    match = _SERVICE.match(text, at)
    if match and (
        _SERVICE_NEXT.match(text, match.end())
        or (_SERVICE_BEFORE.search(text_before(text, at)) and not _NOT_CALLED.match(text, match.end()))
    ):
        return Hit(match.end(), digits_zh(match[0], yao=True))
    match = _ROOM.match(text, at) or _PANEL.match(text, at)
    if match is None and _PANEL_BEFORE.search(text_before(text, at)):
        match = _PANEL_FOUND.match(text, at)
    return Hit(match.end(), digits_zh(match[0])) if match else None


def read_calendar(text: str, at: int) -> Hit | None:
    """Return the reading of a date, a year, or months in a row."""
    match = _DATE.match(text, at)
    if match and (match["s"] == "年" or match["d"] or match["s"] == "-"):
        if (
            match["s"] == "年"
            and not match["k"]
            and not match["d"]
            and not text.startswith("月", match.end())
        ):
            pass
        else:
            said = f"{digits_zh(match['y'])}年{cardinal_zh(int(match['m']))}{match['k'] or '月'}"
            end = match.end()
            if match["d"]:
                said += cardinal_zh(int(match["d"])) + (match["w"] or "日")
                if not match["w"] and text.startswith("，", end):
                    end = match.end()
            return Hit(end, said)
    match = _SOME_MONTHS.match(text, at)
    if match:
        digits = re.findall(r"\d", match[0])
        if all(int(b) - int(a) == 1 for a, b in pairwise(digits)) and match[0] not in (
            "10",
            "11",
            "12",
        ):
            return Hit(match.end(), "".join(map(digits_zh, digits)))
    match = _MONTH_DAY.match(text, at) or _SPOKEN_DATE.match(text, at)
    if match and match.re is _SPOKEN_DATE and not _DATE_BEFORE.search(text, max(0, at - 1), at):
        match = None
    if match:
        day = "日" if match.re is _SPOKEN_DATE else ""
        return Hit(match.end(), f"{cardinal_zh(int(match['m']))}月{cardinal_zh(int(match['d']))}{day}")
    match = _SLASH_DATE.match(text, at)
    sure = match and int(match["m"]) < int(match["d"]) <= 10
    if match and (
        (_SURE_DATE_NEXT if sure else _SLASH_DATE_NEXT).match(text, match.end())
        or _SLASH_DATE_BEFORE.search(text_before(text, at))
    ):
        day = "" if text[match.end() : match.end() + 1] in ("日", "号") else "日"
        return Hit(match.end(), f"{cardinal_zh(int(match['m']))}月{cardinal_zh(int(match['d']))}{day}")
    match = _YEAR_MONTH.match(text, at)
    if match and _YEAR_MONTH_BEFORE.search(text_before(text, at)):
        month = "" if text.startswith("月", match.end()) else "月"
        return Hit(match.end(), f"{digits_zh(match['y'])}年{cardinal_zh(int(match['m']))}{month}")
    match = _ITEM_YEAR.match(text, at)
    if match:
        return Hit(match.end(), f"{digits_zh(match['n'])}，{digits_zh(match['y'])}")
    before = text_before(text, at)
    match = _BARE_YEAR.match(text, at) if _CLAUSE.search(before) else None
    match = match or (_CITED_YEAR.match(text, at) if before.endswith(("等，", "等,", "等 ")) else None)
    if match:
        return Hit(match.end(), digits_zh(match[0]))
    match = _YEAR.match(text, at)
    if match:
        return Hit(
            match.end(), digits_zh(match["y"]) + (f"年到{digits_zh(match['z'])}" if match["z"] else "")
        )
    match = _SHORT_YEAR.match(text, at)
    if match and not re.search(r"[了近达约有过\d]\Z", text_before(text, at)):
        return Hit(match.end(), digits_zh(match[0]))
    match = _ERA.match(text, at)
    return Hit(match.end(), digits_zh(match["n"])) if match else None


def read_clock(text: str, at: int) -> Hit | None:
    """Return the reading of a time of day or a ratio."""
    match = _TIME.match(text, at)
    if match and not _RATIO_WORDS.search(text_before(text, at)):
        hour, minute = int(match["h"]), match["m"]
        said = ("两" if hour == 2 else cardinal_zh(hour)) + "点"
        if minute != "00":
            said += ("零" if minute[0] == "0" else "") + cardinal_zh(int(minute)) + "分"
        if match["s"]:
            said += "整" if minute == "00" and match["s"] == "00" else f"{cardinal_zh(int(match['s']))}秒"
        return Hit(match.end(), said)
    match = _RATIO.match(text, at)
    if match and not re.search(r"[A-Za-z]-?\Z", text[max(0, at - 2) : at]):
        third = f"比{number_zh(match['c'])}" if match["c"] else ""
        return Hit(match.end(), f"{number_zh(match['a'])}比{number_zh(match['b'])}{third}")
    return None
