"""Names in Chinese text: drugs, findings, tests, departments, analytes; one longest-match pass over all lists."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

from medsynth.text.facts.extract_zh_cues import CLASSES, CUES


class Name(NamedTuple):
    """A listed word, characters `start:end`, as it was `said`. `kind` is a section of the lists; 正常 is `opposite`."""

    start: int
    end: int
    kind: str
    value: str
    opposite: bool = False
    said: str = ""


_RANK = (
    "cue",
    "drug",
    "class",
    "test",
    "lab",
    "department",
    "finding",
    "population",
    "vital",
    "term",
    "organ",
    "word",
)
_VERBS, _ASPECTS = "发流咳吐便出打反起拉冒", ("了", "过", "着", "了点")
_FIRM = frozenset(("drug", "test", "lab", "department", "finding"))
_VITAMIN = re.compile(r"\s?(AD|[ABCDEK]\d{0,2})(?![A-Za-z])族?", re.IGNORECASE)
# Dosage forms, the longer first.
_FORMS = (
    r"缓释胶囊|肠溶胶囊|软胶囊|胶囊|干混悬剂|混悬滴剂|混悬液|混悬剂|颗粒剂|颗粒|冲剂|口服溶液|口服液|糖浆|滴眼液|眼药水|滴鼻液|滴耳液"
    r"|眼膏|软膏|乳膏|凝胶|栓剂|栓|吸入气雾剂|气雾剂|吸入剂|鼻喷雾剂|喷雾剂|喷剂|粉吸入剂|注射液|粉针|针剂|针|滴丸|滴剂|胶丸|丸|合剂"
    r"|缓释片|控释片|肠溶片|分散片|咀嚼片|泡腾片|含片|口腔崩解片|崩解片|片剂|片|散剂|散|膏药|贴膏|药膏|膏|霜|洗剂|洗液|搽剂|酊剂|酊|溶液|乳剂|贴片|贴剂|浓缩丸|大蜜丸|水蜜丸"
)
_FORM = re.compile(rf"(?:钠|钙|钾|酯)?(?:肠溶|缓释|控释|分散)?(?:{_FORMS})")
_SALT = re.compile(
    r"(?:盐酸|硫酸|枸橼酸|富马酸|马来酸|酒石酸|苯磺酸|醋酸|丙酸|琥珀酸|甲磺酸|氢溴酸|硝酸|磷酸|注射用|重组人|小儿|儿童)+\Z"
)
# Endings that only drugs have (after the stems of the WHO's list of nonproprietary names), for what no list holds.
_STEMS = re.compile(
    r"沙星|西林|霉素|环素|他汀|地平|洛尔|普利|沙坦|拉唑|替丁|康唑|硝唑|昔布|洛芬|米松|尼松龙?|奈德|替卡松|司琼|必利|西泮|唑仑|哌酮"
    r"|洛韦|那韦|夫定|他滨|替尼|单抗|吡格雷|格瑞洛|沙班|双胍|格列[本齐吡喹美]|列酮|列汀|格列净|鲁肽|噻嗪|他定|特罗|溴铵|茶碱|西汀"
    r"|普兰|硫平|培酮|膦酸钠?|利铂|曲坦|比星|他赛|昔康|昔芬|莫司|巴比妥|西嗪|海拉明|贝特|吡坦|拉西坦|曲松|噻肟|呋辛|哌啶醇|氯喹|特龙|瑞林|胰岛素"
    r"|头孢(?:硫脒|泊肟|托仑|甲肟|卡品|替安|孟多|吡肟|匹罗|美唑|匹胺|唑肟|克罗|米诺|西丁)"
)
_STRONG_FORMS = re.compile(
    r"(?:软|肠溶|缓释)?胶囊|颗粒|口服液|冲剂|糖浆|注射液|滴丸|缓释片|肠溶片|分散片|咀嚼片|含片|滴眼液|滴鼻液|乳膏|软膏|浓缩丸|丸"
)
_WEAK_FORMS = re.compile(r"片|散|贴膏|膏|栓|合剂|洗剂|喷剂|凝胶")
_LEAD = re.compile(
    r".*(?:服用|口服|服食|内服|外用|静滴|静点|肌注|注射|使用|选用|配合|建议|给予|例如|比如|譬如|涂抹|外涂|改用|加用|同服|试试|冲服|含服|推荐|联合|自行|动用|可用"
    r"|[一二两三四五六七八九十半\d][片粒丸支包袋颗滴喷瓶](?!仔)|[服吃用喝涂抹擦打输开如和或与及、的了点些是有为加以给叫并再还也就换把对到在要过着可说买送这那个种盒瓶袋支板您你我他她它们内名号:,.;!?\s\d()（）《》“”\"\[\]。，；：！？])",
    re.DOTALL,
)
_TAKING = re.compile(r"(?:服用|口服|服食|内服|外用|使用|[吃服用喝涂擦开])(?:了|过|点|些|一些|的)?\Z")
_NO_DRUG = re.compile(
    r"[一二三四五六七八九十几半两每整大小数]?[片丸粒]\Z|.*(?:药片|药丸|药膏|睾丸|照片|图片|拍片|胸片|切片|鸦片|名片|贴片|平片|石膏|牙膏|雪糕|分散|扩散|涣散|松散|解散|血栓|溶栓"
    r"|抗栓|小颗粒|脂肪颗粒|颗粒感|颗粒状|色颗粒|中药颗粒|淀粉颗粒|冲剂药|中药注射液|弥散|懒散|消散|疏散|发散|散步|碎片|瓦片|卡片|涂片|刮片|抹片"
    r"|咽部颗粒|中成药|中药丸|什么\w*|哪种\w*|胶囊|关节囊|生姜片|暖气片|麦片|大片|小片|成片|整片|薯片)\Z"
)
_TRIM = re.compile(
    r"^(?:同时|最好|可以|还是|一下|目前|现在|应该|复方(?=.{0,1}$)|配|请|先|后|将|从|让|只|常|多|少|能|都|不|没|无|未|别|吗|吧|呢|者|类|性|药)+"
)


@lru_cache(maxsize=1)
def _index() -> tuple[dict[str, list[tuple[str, str, str, bool]]], frozenset[str]]:
    """Return the lists by their first two characters (or one), longest first; and how firm names begin."""
    best: dict[str, tuple[int, str, str, bool]] = {}
    bound: dict[str, str] = {}

    def put(word: str, kind: str, value: str, opposite: bool = False) -> None:
        rank = _RANK.index(kind)
        if word not in best or rank < best[word][0]:
            best[word] = (rank, kind, value, opposite)

    lexicon = files("medsynth.text.facts").joinpath("lexicon")
    for line in lexicon.joinpath("zh_drugs.tsv").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        value, match, names = line.split("\t")
        for item in names.split("|"):
            name = item.partition("=")[0]
            if match == "f":
                bound[name] = value
            else:
                put(name, "drug", value)
    section = value = ""
    for line in lexicon.joinpath("zh_terms.txt").read_text(encoding="utf-8").splitlines():
        if not line or line[0] == "#":
            continue
        if line[0] == "[":
            section = line[1:-1]
            section = "term" if section == "word" else section
            continue
        if line[0] == "=":
            for word in line[1:].split():
                put(word, section, value, opposite=True)
            continue
        words = line.split()
        value = words[0]
        for word in words:
            put(word, section, value)
            if section == "finding" and len(word) == 2 and word[0] in _VERBS:
                # 流了血, 发过烧
                for aspect in _ASPECTS:
                    put(f"{word[0]}{aspect}{word[1]}", section, value)
    for line in lexicon.joinpath("zh_words.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            for word in line.split():
                if word[0] not in "左右双":
                    put(word, "word", word)
    for word, value in CLASSES.items():
        put(word, "class", value)
    for word, value in CUES.items():
        put(word, "cue", value)
    for word, value in bound.items():
        # Kept apart: such a root is a drug only before a dosage form.
        if word not in best or best[word][1] in ("word", "organ", "finding", "term"):
            best[word + "\0"] = (0, "bound", value, False)
    index: dict[str, list[tuple[str, str, str, bool]]] = {}
    for word, (_, kind, value, opposite) in best.items():
        bare = word.rstrip("\0")
        index.setdefault(bare[:2], []).append((bare, kind, value, opposite))
    for entries in index.values():
        entries.sort(key=lambda entry: (-len(entry[0]), entry[1] != "bound"))
    firm = {key for key, entries in index.items() if any(e[1] in _FIRM or e[1] == "bound" for e in entries)}
    return index, frozenset(firm)


@lru_cache(maxsize=1)
def organs() -> dict[str, str]:
    """Return the names of parts of the body with their canonical ones."""
    return {
        word: value for entries in _index()[0].values() for word, kind, value, _ in entries if kind == "organ"
    }


def names(text: str, flat: str) -> list[Name]:
    """Return the listed names of a text in order, none overlapping. `flat` is the text with plain digits and signs."""
    index, firm = _index()
    found: list[Name] = []
    i, count = 0, len(text)
    while i < count:
        if text[i] not in index and text[i : i + 2] not in index:
            i += 1
            continue
        hit = _at(index, text, flat, i)
        if hit is None:
            i += 1
            continue
        if hit.kind == "word":
            # 查血常规 holds 血常规, not 查血: a plain word gives way to a name that goes beyond it.
            inner = next(
                (
                    name
                    for k in range(i + 1, hit.end)
                    if text[k : k + 2] in firm
                    and (name := _at(index, text, flat, k))
                    and name.end > hit.end
                    and name.kind in _FIRM
                ),
                None,
            )
            if inner is not None:
                i = inner.start
                continue
        elif hit.kind == "drug":
            hit = _with_form(text, flat, hit)
            if hit.value == "vitamin":
                # Which one is not said: talk of food.
                hit = hit._replace(kind="class")
            while found and found[-1].end > hit.start:
                found.pop()
        found.append(hit)
        i = hit.end
    return _unlisted(text, found)


def _at(index: dict[str, list[tuple[str, str, str, bool]]], text: str, flat: str, i: int) -> Name | None:
    """Return the longest listed name that begins at `i`."""
    for entries in (index.get(text[i : i + 2]), index.get(text[i])):
        if not entries:
            continue
        for word, kind, value, opposite in entries:
            if not text.startswith(word, i):
                continue
            behind = i + len(word)
            if word[-1].isascii() and word[-1].isalnum() and _latin(text, i, behind):
                continue
            if kind == "bound":
                form = _FORM.match(flat, behind)
                if not form:
                    continue
                return Name(i, form.end(), "drug", value)
            if word == "头孢" and (stem := _STEMS.match(text, i)):
                return Name(i, stem.end(), "drug", stem[0])
            return Name(i, behind, kind, value, opposite, word)
    return None


def _latin(text: str, start: int, end: int) -> bool:
    """Whether a Latin name is only part of a longer one (CT in ACTH)."""
    before = text[start - 1] if start else ""
    after = text[end] if end < len(text) else ""
    first = text[start]
    left = first.isascii() and first.isalpha() and before.isascii() and before.isalpha()
    right = (after.isascii() and after.isalpha()) or (
        after.isascii() and after.isdigit() and text[end - 1].isdigit()
    )
    return left or right


def _with_form(text: str, flat: str, name: Name) -> Name:
    form = _FORM.match(flat, name.end)
    end = form.end() if form else name.end
    start, value = name.start, name.value
    if value == "vitamin" and (letter := _VITAMIN.match(flat, end)):
        end, value = letter.end(), f"vitamin {letter[1].lower()}"
    before = text[max(0, start - 9) : start]
    salt = _SALT.search(before)
    if salt:
        start -= len(salt[0])
        before = before[: salt.start()]
    if before.endswith("复方") and not value.startswith("复方"):
        start -= 2
        value = f"复方{value}"
    return Name(start, end, "drug", value)


def _unlisted(text: str, found: list[Name]) -> list[Name]:
    """Add what its ending shows to be a drug; listed words within it give way."""
    added: list[Name] = []
    taken = [name for name in found if name.kind == "drug"]
    for match in _STEMS.finditer(text):
        _add(text, match.start(), match.end(), 5, taken, added, stem=True)
    for match in _STRONG_FORMS.finditer(text):
        _add(text, match.start(), match.end(), 9, taken, added, stem=False)
    for match in _WEAK_FORMS.finditer(text):
        _add(text, match.start(), match.end(), 8, taken, added, stem=False, weak=True)
    if not added:
        return found
    kept = [name for name in found if not any(a.start < name.end and name.start < a.end for a in added)]
    return sorted([*kept, *added])


def _add(
    text: str,
    start: int,
    end: int,
    reach: int,
    taken: list[Name],
    added: list[Name],
    *,
    stem: bool,
    weak: bool = False,
) -> None:
    if any(name.start < end and start < name.end for name in (*taken, *added)):
        return
    floor = max((name.end for name in (*taken, *added) if name.end <= start), default=0)
    low = max(floor, start - reach)
    left = text[low:start]
    lead = _LEAD.match(left)
    root_at = low + (lead.end() if lead else 0)
    trimmed = _TRIM.match(text[root_at:start])
    if trimmed:
        root_at += trimmed.end()
    root = text[root_at:start]
    if not root or not all("\u4e00" <= c <= "\u9fff" for c in root):
        return
    if not stem:
        if (
            root[-1] in "一二两三四五六七八九十半几"
            or len(root) < (3 if weak else 2)
            or _NO_DRUG.match(text[root_at:end])
        ):
            return
        if weak and not _TAKING.search(text[max(0, root_at - 6) : root_at]):
            return
        if not weak and len(root) > 7:
            return
    form = _FORM.match(text, end) if stem else None
    value = text[root_at:end] if stem else root
    # 青霉素 within the longer 青霉素皮试 is listed all the same.
    value = next(
        (v for word, kind, v, _ in _index()[0].get(value[:2], ()) if kind == "drug" and word == value), value
    )
    added.append(Name(root_at, form.end() if form else end, "drug", value))
