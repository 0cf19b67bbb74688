"""Patterns of quantities in Chinese text, for text whose full-width digits and signs were made plain."""

from __future__ import annotations

import re

from medsynth.text.facts.extract_zh_numbers import HAN_DIGITS, JOINT, MORE, ONE
from medsynth.text.facts.extract_zh_units import IDIOM_WORDS, UNITS

_RANGE = rf"(?P<n1>{ONE}){MORE}(?:{JOINT}(?P<n2>{ONE}))?"
_P = r"(?:晚上|夜里|早上|早晨|个?星期|个?礼拜|个?月|个?小时|日|天|晚|夜|早|周|年)"
_NEAR = r"[^\d,，。、;；:：.!！?？\n一二两三四五六七八九十半几每]{0,4}?"
# What each says, the characters one of which it needs, and the pattern; the first that fits a place wins.
_PERIOD = r"(?:个?星期|个?礼拜|个?月|个?小时|个?钟头|日|天|晚|周|年)"
_FREE = r"[^\d,，。、;；:：.!！?？\n一二两三四五六七八九十半几每次]"
_AMOUNT = (
    r"(?:片|粒|丸|支|袋|包|滴|喷|吸|揿|颗|枚|勺|贴|剂|付|副|瓶|针"
    r"|mg|毫克|克|g|毫升|ml|单位|U|IU)"
)
# A dose right before: 一片(甲药)每周.
DOSED = re.compile(rf"{_AMOUNT}(?:[(（][^（()）]*[)）])?\Z")
FREQUENCIES = (
    ("between", "或隔至到-~", re.compile(
            rf"(?P<each>每间?隔?|间?隔)?(?P<n1>{ONE})\s?(?P<p1>{_PERIOD})?(?:或者?|至|到|-|~)"
            rf"(?P<n2>{ONE})\s?(?P<p>{_PERIOD})(?:左右|为宜)?(?:{_NEAR}(?P<t1>[一1])[次回遍])?")),
    ("between", "隔", re.compile(
            r"(?P<each>间?隔)(?P<n1>[一两二三])(?P<p1>)(?P<n2>[二两三四五])"
            r"(?P<p>天|日|周)(?:[一1]次)?")),
    ("other", "隔", re.compile(r"隔(?:一|1)?(?P<p>日|天|周|星期)(?:[^,，。\d]{0,2}?(?P<t>[一二两三四五六1-9])次)?")),
    ("meals", "餐中", re.compile(
            r"(?:早[、,和]?中[、,和]?晚|(?:[一每][日天])?三餐[前后]?)(?:各|都要?|分别)?(?:[一1三3]次)?")),
    ("ends", "早", re.compile(r"(?:早上?|早晨)(?:[一1]次)?[、,和与]?(?:晚上?|夜)(?:分别|各)?(?:[一1两2二]次)?")),
    ("each", "每隔周", re.compile(
            rf"(?:每隔?|(?:间隔|周期)(?:时间)?[大约为是在至少]{{0,3}}|(?<!间)隔)(?P<n1>{ONE})(?:{JOINT}(?P<n2>{ONE}))?\s?"
            rf"(?P<p>个?小时|个?钟头|天|日|周|个?星期|个?礼拜|个?月|年|分钟"
            rf"|h|d)(?:{_NEAR}(?P<t1>{ONE})(?:{JOINT}(?P<t2>{ONE}))?次)?")),
    ("times", "次遍回顿趟", re.compile(rf"(?:每|每一|一|1|单)"
            rf"(?P<p>{_P}){_NEAR}{_RANGE}\s?[,，]?(?:次|遍|回|顿|趟)(?!性|数|日)"
            rf"(?:[,，]?(?:甚至|或者?|到|至|-)(?P<n3>{ONE})次(?!性|数))?")),
    ("times", "次回遍趟", re.compile(rf"每(?P<p>{_P}){_FREE}{{5,16}}?{_RANGE}\s?[次回遍趟](?!性|数)")),
    ("across", "次回遍趟", re.compile(rf"(?P<every>(?:每一?|(?<![\d十第同前后这那近])一)(?P<p>日|天|晚|周))"
            rf"(?:[^,，。;；:：!！?？\n次每(（\d一二两三四五六七八九十半几]|[(（][^（）()\n]{{0,24}}[)）]|(?<=[\u4e00-\u9fff])\d{{1,4}}(?=[(（])){{1,20}}?"
            rf"{_RANGE}\s?[次回遍趟](?!性|数)")),
    ("days", "天", re.compile(rf"(?:每|一)(?P<p>周|个?星期|个?礼拜)(?![至到~-]){_FREE}{{0,4}}?{_RANGE}天(?![前后内])")),
    ("times", "次遍回顿趟", re.compile(rf"(?<![今昨明近次生节每一1\d十])(?P<p>日)"
            rf"[^\d,，。、;；:：\n一二两三四五六七八九十半几每]{{0,2}}?{_RANGE}次(?!性|数)")),
    ("times", "次遍回顿趟", re.compile(rf"{_RANGE}\s?(?:次|遍|回)\s?(?:/|每一?|一|per)\s?(?P<p>{_P}|d)(?!分)")),
    ("times", "次遍回顿趟", re.compile(rf"(?P<p>夜间|晚上|夜里|白天|晚|夜){_NEAR}{_RANGE}次(?!性|数)")),
    ("each", "次回遍趟", re.compile(rf"(?<!第)(?<![-~至到\d.每隔一二三四五六七八九十])"
            rf"(?P<n1>(?!1(?!\d)|一)(?:\d{{1,2}}|半|[二两三四五六七八九十]{{1,2}}))"
            rf"(?:{JOINT}(?P<n2>\d{{1,2}}|[二三四五六七八九十]))?\s?(?P<p>天|周|个?月|个?小时|个?星期|年)(?:左右)"
            rf"?(?:[^\d,，。、;；:：.!！?？\n一二两三四五六七八九十半几每次第前后内里了过]{{0,4}})"
            rf"(?P<t1>{ONE})(?:{JOINT}(?P<t2>{ONE}))?[次回遍趟](?!性)")),
    ("latin", "", re.compile(
            r"(?:(?<![A-Za-z])|(?<=po))(?P<l>b\.?i\.?d|t\.?i\.?d|q\.?i\.?d|q\.?o\.?d|q\.?d|q\.?n|q\d{1,2}h|biw"
            r"|tiw|qw|hs|prn)\.?(?![A-Za-z])", re.IGNORECASE)),
    ("portion", "每一1", re.compile(
            rf"(?:每一?|(?<![\d十第同前后这那])一|(?<![\d.第])1)(?P<p>日|天|晚|早|周|个?月|年|个?星期|个?礼拜)"
            rf"(?={_FREE}{{0,6}}?{ONE}(?:{JOINT}{ONE})?\s?{_AMOUNT})")),
    ("daily", "每", re.compile(r"每(?:日|天|晚|早|周|个?月|年)")),
)  # fmt: skip
# 一天(打)四针: so many injections a day.
SHOTS = re.compile(rf"(?:要|需|得|可以?)?[打注射]{{0,2}}{_RANGE}针")
# What shows that a monthly period is meant.
CYCLE = re.compile(r"月经|例假|生理期|大姨妈|来(?:一|1)?[次回趟]|来(?:一|1)\Z")
TIMING = re.compile(
    r"(?P<ate>吃[完过]了?饭)|(?P<bed>临?睡前|睡觉(?:之)?前|晚睡前)|(?P<meal>[早午晚]?[饭餐食](?:之|以)?(?P<side>前|后|时|中))"
    r"|(?P<fast>空腹)|(?P<single>顿服)|(?P<prn>必要时|按需)|(?P<with>随餐)"
)
MEAL_OK = re.compile(r"[服用打注药片粒]|吃(?![饭东完晚早午])")
_UNIT = "|".join(re.escape(word) for word in sorted(UNITS, key=len, reverse=True))
_POWER = (
    r"(?:\s?(?:[x*]|乘以?)\s?(?:10(?:\^|的|~|e|E)?(?P<exp>\d{1,2})"
    r"|[十10]{1,2}的(?P<power>[二三四五六七八九]|十[一二]?))(?:次方?)?)"
)
_LATIN_BEHIND = r"(?![a-zA-Z])|(?=p\.?o|[btq]\.?i\.?d|q\.?d|q\d|i\.?v|i\.?m|prn|hs)"
MEASURE = re.compile(
    rf"{_RANGE}{_POWER}?\s?(?:(?P<u>{_UNIT})(?:{_LATIN_BEHIND})(?:\s?(?:/|每)\s?(?P<per>公斤|千克|体重|kg"
    rf"|KG|L|l|dl|dL|DL|ml|mL|ML|d|日|天|次|h|小时|min|分|片|粒|支|袋|m2|uL|ul|μl|Ul|24h|毫升|分升|微升|公升|升)(?:体重)"
    rf"?(?:\s?[/·.]\s?(?P<per2>d|日|天|次|h|min))?)?|(?:/|(?<=方)每)\s?(?P<bare>L|升|ul|μl|ml|HP|hp|HPF)|(?<=方)|(?<=\^\d)|(?<=\^\d\d))"
)
# 每升36毫克: the denominator may stand in front.
PER_VOLUME = re.compile(
    r"每(?P<per>毫升|分升|微升|公升|升)[约大概为含有是在不少低高超过大小于到至多以上下:<>≥≤]{0,5}\s?\Z"
)
PER_KG = re.compile(rf"每(?:公斤|千克|kg)(?:体重)?{_RANGE}\s?(?P<u>{_UNIT})(?![a-zA-Z])")
_T = (
    r"(?:秒钟?|分钟|刻钟|个?小时|个?钟头|个?星期|个?礼拜|个?疗程|个月|个?晚上|天"
    r"|日|周|月|年|晚|夜|分(?=后|内|左右|以上)|h|d|w|min)"
)
DURATION = re.compile(
    rf"(?P<n1>{ONE})(?P<half0>个半)?{MORE}(?:\s?(?P<u1>{_T})?{JOINT}(?P<n2>{ONE}))"
    rf"?\s?(?:孕(?=周))?(?:个半(?=小时|月|星期|礼拜|钟头))?(?P<gap>个)?[多来余]?(?P<u>{_T})(?![a-zA-Z])(?P<half>半)"
    rf"?(?:[零加又+]?(?P<n3>{ONE})(?P<u3>个月|天|个?小时|分钟?))?"
)
# QRS132ms: a measure, not a code.
MEASURED_CODE = re.compile(r"[a-z]{2,}\d+(?:\.\d+)?(?:ms|mm|cm|ml|mg|g|s)")
# What shows that 一年 is meant as a length of time and not as a manner of speaking.
LENGTH_BEFORE = re.compile(r"[了约致近达满共持续隔程]\Z|超过|治疗|不到|不足|至少|最多|休息|住院")
LENGTH_BEHIND = re.compile(
    r"了(?![解个])|左右|上下|[多余前后内]|以[上内前后]|之[前后内]|[的]?(?:时间|病程|疗程|病史)"
)
# 孕18+5周: weeks and days.
GESTATION = re.compile(r"(?P<w>\d{1,2})\.?(?:周\s?)?\+\s?(?P<d>[0-6])(?![\d.])\s?(?:周|天)?")
NOT_TIME = {
    unit: re.compile(f"[{behind}]")
    for unit, behind in (
        ("日", "常本晒光期子"),
        ("天", "气花空生"),
        ("周", "围岁边末期"),
        ("年", "龄纪代级轻"),
        ("夜", "间尿"),
        ("月", "经份子"),
        ("晚", "期餐饭"),
        ("分", "期化泌"),
    )
}
VAGUE_TIME = re.compile(
    r"(?:(?P<one>个把)|好?几|数|多|若干)(?P<tens>十|百)?(?:个)?(?:多)?(?P<u>秒钟?|分钟|小时|钟头|天|日|周|星期|礼拜|月|年)(?![经龄])"
)
DATE = re.compile(
    r"(?P<y>(?:19|20)\d{2}|[一二][九零〇][零〇一二三四五六七八九]{2}(?=年)|\d{2}(?=年\d{1,2}月))(?:年|[-./](?=\d{1,2}[-./]\d{1,2}))"
    r"(?:份?(?P<m>\d{1,2}|[一二三四五六七八九]|十[一二]?)(?:月|[-./]))?(?:(?P<d>\d{1,2})[日号]?)?|(?P<m2>\d{1,2}"
    r"|[一二三四五六七八九十]{1,2})月份?(?P<d2>\d{1,2}|[一二三四五六七八九十]{1,3})[日号]|(?P<d3>\d{1,2}|[二三四五六七八九十][一二三四五六七八九十]{0,2})号(?!线|楼|床)"
    r"|(?P<m3>\d{1,2}|十[一二])月份"
)
AGE = re.compile(
    rf"(?P<n1>{ONE}){MORE}(?:{JOINT}(?P<n2>{ONE}))?\s?(?:多)?(?:周岁|岁)(?:零?(?P<m>{ONE})个?多?月"
    rf"|(?P<half>半))?|(?P<k1>{ONE})(?:{JOINT}(?P<k2>{ONE}))?\s?个?多?(?P<kh>半)?(?P<ku>月|天|周)"
    rf"(?:龄|大(?!便)|(?:的)?(?:宝宝|婴儿|婴幼儿|小孩|孩子|男婴|女婴|患儿|女宝|男宝|小儿|宝贝))"
)
PRESSURE = re.compile(
    r"(?P<s>\d{2,3})(?:-(?P<s2>\d{2,3}))?\s?(?:mmHg)?\s?/\s?(?P<d>\d{2,3})"
    r"(?:-(?P<d2>\d{2,3}))?\s?(?:mmHg|mmhg|MMHG|毫米汞柱|mm汞柱|kPa|KPa|kpa|千帕)?"
)
HIGH_LOW = re.compile(
    rf"(?:高压|收缩压)[^\d,，。一二三四五六七八九]{{0,4}}(?P<s>{ONE})(?:mmHg|毫米汞柱)?[^\d。低舒]{{0,4}}(?:低压"
    rf"|舒张压)[^\d,，。一二三四五六七八九]{{0,4}}(?P<d>{ONE})"
)
ONE_PRESSURE = re.compile(rf"(?P<which>高压|收缩压|低压|舒张压)[^\d,，。;一二三四五六七八九]{{0,4}}{_RANGE}")
TO_PRESSURE = re.compile(
    rf"血压[^\d,，。;]{{0,6}}(?P<s>{ONE})(?:mmHg)?\s?[、,/到和比的-]\s?(?P<d>{ONE})(?![\d.]|天|年|岁)"
)
TEMPERATURE = re.compile(
    rf"(?P<n1>{ONE})(?:\s?(?:℃|°C|度|°)?{JOINT}(?P<n2>{ONE}))?\s?(?:℃|℉|华氏度|摄氏度|°\s?[Cc]|度[Cc]|度"
    rf"|°)(?:(?P<half>半)|(?P<tenth>[0-9{HAN_DIGITS}])(?![\d天日周月年次个岁]))?(?P<more>多|几)?"
)
# 一米五九, 1米6: the height of a person.
TALL = re.compile(
    rf"(?P<m>[12一两])米(?P<cm>\d{{1,2}}(?:\.\d)?|[零{HAN_DIGITS}]{{1,2}}(?:点[零{HAN_DIGITS}])?)(?![\d零{HAN_DIGITS}十点.])"
)
SIZE = re.compile(
    r"(?P<a>\d+(?:\.\d+)?)\s?(?P<ua>cm|mm|厘米|毫米|CM|MM)?\s?(?:[x*]|乘以?)\s?(?P<b>\d+(?:\.\d+)?)"
    r"\s?(?P<ub>cm|mm|厘米|毫米|CM|MM)?(?:\s?(?:[x*]|乘以?)\s?(?P<c>\d+(?:\.\d+)?)\s?(?P<uc>cm|mm|厘米|毫米"
    r"|CM|MM)?)?"
)
# 109/L for what was 10 to the ninth before its sign was lost.
POWER_OF_TEN = re.compile(r"10(?:[3-9]|1[0-2])\s?/")
SIGN = re.compile(
    r"\(\s?(?P<s>\+{1,4}|\d\+|\+-|±|-)\s?\)|(?P<s2>\+{1,4}|\d\+)(?![\d+])"
    r"|(?P<n>[一二两三四1234])个加号|(?P<w>弱阳性|强阳性|阳性|阴性|转阴|转阳)|(?P<d>[大小]三阳)"
)
# 每次一袋 tells a dose, 一袋 by itself may not.
PORTION_BEFORE = re.compile(r"(?:每次|一次|各|每日|每天|每晚|一天|一日|每周)[服用吃喝]?\Z")
GRADE = re.compile(
    rf"(?P<n>\d{{1,3}}(?:{JOINT}\d)?|[一二两三四五六七八九十百]{{1,5}}(?:{JOINT}[一二三四五六七八九])?|[ⅠⅡⅢⅣⅤ]+"
    rf"|I{{1,3}}V?|IV)\s?(?P<u>型|期|级|度(?!过)|类(?![固别似])|孕|产(?![后妇科品生前])|胎|代|倍|例|根|处|枚|项|次|遍"
    rf"|个|种|颗|块|条|名|位|人|层|分(?![析别泌娩之期为布开散])|成|元|块钱|元钱|斤|杯|碗|顿|步|声|指|公里|里)(?!性|体[^重]|月)"
)
ORDINAL = re.compile(
    r"第(?P<n>\d{1,3}|[一二三四五六七八九十]{1,3})(?P<u>天|周|个?月|次|胎|针|期|产程|腰椎|颈椎|胸椎|节|跖骨|掌骨|肋骨|肋|趾|指|日|年|代|阶段)?"
)
CODE = re.compile(
    r"(?<![A-Za-z\d.])(?![xX]\d)(?!O[DSU]\d)(?!(?:HBV-?)?DNA\d)(?!(?:T|P|R|HR|BP|Bp|bp)\d+(?:\.\d+)?(?:/\d+)?\s?(?:℃|°|度|次|摄氏|mmHg))[A-Za-z][A-Za-z-]{0,7}\d+(?:[.,/-]\d+)*(?:[A-Za-z]{0,2}\d*)(?![A-Za-z])"
)
# 颈5/6, 腰4椎体: vertebrae, as C5/6 and L4 name them.
SPINE = re.compile(
    r"(?P<v>[颈胸腰骶])椎?(?P<n>\d{1,2}(?:[/~-](?=\d{1,2}(?![\d天年月周日个次岁.]|cm|mm|厘|毫))\d{1,2}|[到至、]\d{1,2}(?=椎|节|段|骨)|(?=椎|节段|水平|层面|平面|损伤|骨折|压缩|滑脱|突出|转移)))"
)
# 三比一, 3:1
RATIO = re.compile(rf"(?P<a>{ONE})\s?(?:比\s?(?P<b>{ONE})|[:∶]\s?(?P<d>\d+(?:\.\d+)?)(?![\d:.]))")
# L4-5, L4/5: two vertebrae or what lies between them.
LEVEL = re.compile(r"([CTLS])(\d{1,2})[/-]\1?(\d{1,2})", re.IGNORECASE)
LEVEL_JOINT = re.compile(r"[/~到至、]")
# "1、", "2.", "(3)", "4)": a mark of a list, not a number of anything.
MARK = re.compile(r"\d{1,2}\s?[、)）](?!\s?\d)\s?|(?:1\d|\d)\s?[.．:：](?![\d+])\s?")
MARK_AT = re.compile(r"(?:\A|[\s。！？!?；;：:，,、.”\"）)(（\u4e00-\u9fff])\Z")
# 抗体(32): what stands right behind a name in brackets is its value.
VALUE_AT = re.compile(r"[A-Za-z0-9\u4e00-\u9fff]\(\Z")
FIRST_MARK = re.compile(r"(?:1\d|\d)(?:\s?[,，]\s?(?=[\u4e00-\u9fff])|\s(?=[\u4e00-\u9fff]{3}))")
FIRST_AT = re.compile(r"(?:\A|[\n。；;])\s*\Z")
START = re.compile(
    r"零(?=点[零〇一二三四五六七八九])|[\d一二两俩仨三四五六七八九十百半ⅠⅡⅢⅣⅤ]|(?<![A-Za-z])I{1,3}V?(?=\s?[型期级度])"
)
BARE = re.compile(rf"(?P<n1>\d+(?:\.\d+)?[万千百亿]?){MORE}(?:{JOINT}(?P<n2>\d+(?:\.\d+)?[万千百]?))?")
# Words that hold a numeral and count nothing.
IDIOMS = re.compile("|".join(IDIOM_WORDS))
# Without any of these a text holds no quantity.
ANY = re.compile(r"[\d一二两俩仨三四五六七八九十百半ⅠⅡⅢⅣⅤ每隔几数多把A-Za-z早]")
