"""What Chinese clauses assert and deny: the scope of 不, 没有, 避免, of questions, of what only looks like a denial.

Cues deny what follows them up to a word that ends their scope or the end of the clause (after NegEx: Chapman et al.,
*A simple algorithm for identifying negated findings and diseases in discharge summaries*, J Biomed Inform 34, 2001);
lists joined by 、 are one clause. Where no list holds a word, the characters between two listed ones stand for it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from medsynth.text.facts.extract_zh_cues import CARRIES, EMPTY, QUESTION_WORDS
from medsynth.text.facts.extract_zh_names import Name
from medsynth.text.facts.extract_zh_wordings import asks_both_ways, wording_of
from medsynth.text.facts.model import Fact, Polarity, Statement, Term

_BREAK = re.compile(
    r"(?:[,，。;；!！?？\n:：…()（）\[\]【】]|、(?=[还又并且])|(?<![0-9A-Za-z])\.|\.(?![0-9A-Za-z])|(?<=[\u4e00-\u9fff])"
    r"\s+(?=[\u4e00-\u9fff]))+"
)
_ASKED = re.compile(r"[?？]|(?:吗|嘛|[^什那这要怎多]么|没有?|不)\W*\Z")
# 移动性浊音：阴性 denies behind the colon what it names before it.
_DENIED_BEHIND = re.compile(r"\s*[:：]\s*(?:[(（]?\s?[-－]\s?[)）]?(?!\d)|阴性|无|未|没|否认|正常)")
_TERM_KINDS = frozenset(
    ("drug", "class", "finding", "term", "word", "test", "organ", "population", "lab", "department", "vital")
)
_FINDINGS = frozenset(("drug", "finding"))
_SAID_TOO = frozenset(("需要", "可以", "建议", "应该", "应当", "应", "考虑", "可能", "显示", "提示", "说明"))
# Verbs that say nothing by themselves.
_LIGHT = frozenset(("吃", "喝", "用", "服用", "使用", "做", "打", "进行", "药"))
# So many characters behind a denial, what is no list is no longer sure to be denied (run-on speech).
_REACH = 14
_SUCH_AS = re.compile(r"(?:比如|例如|譬如|诸如|包括|如(?!果|若|何|有|需|不)|像)")
# Said by itself, not the rest of a list: 不吐，还起了疹子.
_SAID_APART = re.compile(r"[还又却倒但仍]|反而|[^、]{0,3}了")
_SHORT = 12  # characters of a clause that is taken for the rest of a list
_LISTED = re.compile(r"[、和与及或跟/]")
_PREDICATES = frozenset(("异常", "变化", "改变", "特殊"))
_NONE_CAN = re.compile(r"(?:没有?|无)(?![法效需])[^,，。没无不]{1,8}?(?:可以|能够?|会)(?=[\u4e00-\u9fff])")
_TAKING = frozenset(("吃", "喝"))
_FLIP: dict[Polarity, Polarity] = {"asserted": "denied", "denied": "asserted", "open": "open"}
# Characters that carry no meaning of their own between content words.
_FUNCTION = (
    "的了着过地得很也都还再在与和或及等这那个些种是有把被给让会要能可宜我你您他她它们啊呢吧哦嗯呀就才又将从到对于以为之其所而且则但因此"
    "若并上下中里内外左右双侧边一二两三四五六七八九十几半多少点每次时后前太更最比较真挺非常片粒岁周天日袋支毫克升如"
)
_PIECE = re.compile(rf"(?:(?![{_FUNCTION}])[\u4e00-\u9fff])+")


def polarity(text: str, known: Sequence[Name]) -> tuple[list[Statement], list[Fact]]:
    """Return the clauses of a text with the polarity of their terms, and its denials as facts.

    `known`: the listed names of the text, in order.
    """
    found: list[Statement] = []
    denials: list[Fact] = []
    start = k = 0
    ends = [match.span() for match in _BREAK.finditer(text)]
    ends.append((len(text), len(text)))
    carried = bare = False
    for stop, behind in ends:
        first = k
        while k < len(known) and known[k].start < stop:
            k += 1
        inside = known[first:k]
        if not inside and stop - start < 2:
            start, carried = behind, False
            continue
        asked = bool(_ASKED.search(text, stop, behind) or _ASKED.search(text[max(start, stop - 3) : stop]))
        listed = bare
        bare = (
            carried
            and bool(inside)
            and not _SAID_APART.match(text, start, stop)
            and (all(n.kind == "finding" for n in inside) or _lists(text, start, stop, inside))
        )
        if listed and not bare and inside and inside[0].start == start and inside[0].kind == "finding":
            bare = True  # the last of a list: 没有呕吐，过敏，湿疹就可以
        if carried and _SUCH_AS.match(text, start):
            bare = True
        clause = _Clause(text, start, stop, inside, bare)
        wording = wording_of(text, start, stop, inside, asked)
        if clause.terms or clause.denials or wording:
            terms = clause.terms
            if asked or _DENIED_BEHIND.match(text, stop):
                terms = [Term(t.name, "open", t.start, t.end, t.weight, t.cue) for t in terms]
            denied = -1 if clause.behind or bare else clause.denials
            if _DENIED_BEHIND.match(text, stop):
                denied = -1
                wording = None
            found.append(Statement(start, stop, tuple(terms), denied, *(wording or ())))
            if not asked:
                denials.extend(clause.facts())
        carried = clause.state == "denied" and stop < len(text) and text[stop] in ",，"
        start = behind
    return found, denials


def _lists(text: str, start: int, stop: int, inside: Sequence[Name]) -> bool:
    """Whether a clause holds nothing but things, at least two: 肉食及豆制品."""
    return (
        stop - start <= _SHORT
        and bool(_LISTED.search(text, start, stop))
        and not any(name.kind in ("cue", "lab", "vital") for name in inside)
    )


def _is_plain(name: Name) -> bool:
    """Whether a name is a common word, whose polarity tells nothing but in the same statement."""
    return name.kind == "word" or name.value in _LIGHT


def _opened(term: Term) -> Term:
    return Term(term.name, "open", term.start, term.end, term.weight)


class _Clause:
    """One clause being read from left to right."""

    def __init__(self, text: str, start: int, stop: int, inside: Sequence[Name], bare: bool) -> None:
        self.text = text
        self.terms: list[Term] = []
        self.denials = 0
        self.behind = False  # whether a predicate denied what stands before it: 阴性, 不明显
        # A list of findings behind a denial and a comma may belong to it or not.
        self.state: Polarity = "open" if bare else "asserted"
        self.cue = self.cue_end = -1
        self.forbidden = self.asked = False
        # 没有药能治囊肿 denies no cyst.
        none = _NONE_CAN.search(text, start, stop)
        self.open_from = none.end() if none else stop
        at = start
        for name in inside:
            if name.start > at:
                self._unlisted(at, name.start)
            self._name(name)
            at = max(at, name.end)
        if stop > at:
            self._unlisted(at, stop)
        self._fronted(stop)
        last = len(self.terms) - 1
        # A verb of taking says nothing beside what is taken.
        self.terms = [
            t
            for k, t in enumerate(self.terms)
            if k == last or t.polarity != "asserted" or t.name not in _TAKING
        ]

    def _fronted(self, stop: int) -> None:
        """Leave open what stands before a denial that has no more than a verb behind it: 海鲜别吃, 发烧也没有."""
        if self.state != "denied":
            return
        if any(t.polarity == "denied" and t.name in _PREDICATES for t in self.terms):
            # 分泌物没有异常: what is not abnormal is not denied, nor said to be there.
            self.terms = [
                _opened(t) if t.polarity == "asserted" and t.weight and t.start < self.cue else t
                for t in self.terms
            ]
        reach = [t for t in self.terms if t.cue == self.cue]
        if any(t.weight and t.start >= self.cue_end for t in reach):
            return
        ended = self.forbidden or not self.text[self.cue_end : stop].strip("有的了过 ")
        self.terms = [
            _opened(t) if t.polarity == "asserted" and (t.weight < 2 or ended) and t.start < self.cue else t
            for t in self.terms
        ]

    def _unlisted(self, start: int, end: int) -> None:
        for piece in _PIECE.finditer(self.text, start, end):
            begin, behind = piece.span()
            if behind - begin <= 4 and piece[0] not in EMPTY:
                self._term(piece[0], begin, behind, 0)

    def _term(self, name: str, start: int, end: int, weight: int, opposite: bool = False) -> None:
        apart = self.asked or start >= self.open_from or self._out_of_reach(start)
        state: Polarity = "open" if apart else self.state
        if opposite:
            # 正常 denies 异常, and 不正常 does not.
            self.denials += {"asserted": 1, "denied": -1}.get(state, 0)
            state = _FLIP[state]
        self.terms.append(Term(name, state, start, end, weight, self.cue if state == "denied" else -1))

    def _out_of_reach(self, start: int) -> bool:
        """Whether a term stands so far behind a denial, with no list between, that it may be said by itself."""
        return (
            self.state == "denied"
            and start - self.cue_end > _REACH
            and not _LISTED.search(self.text, self.cue_end, start)
        )

    def _name(self, name: Name) -> None:
        if name.kind in _TERM_KINDS:
            if name.value not in EMPTY:
                weight = 2 if name.kind in _FINDINGS else 0 if _is_plain(name) else 1
                self._term(name.value, name.start, name.end, weight, name.opposite)
                if name.value == "影响" and self.state == "denied":
                    self.state, self.cue = "open", -1  # 不影响睡眠: what is not affected is not denied
                if name.value in ("诱因", "原因") and self.state == "denied":
                    # 无明显诱因出现胸痛 denies the cause alone.
                    self.state, self.cue = "asserted", -1
            return
        if name.kind != "cue":
            return
        kind, said = name.value, name.said
        if kind == "deny" and asks_both_ways(self.text, name):
            self.terms = [_opened(t) for t in self.terms]
            self.asked = True
            return
        carry = CARRIES.get(said)
        if kind in ("deny", "forbid") or carry:
            self.denials += 1
        if carry:
            state: Polarity = "open" if self.asked else "denied"
            self.terms.append(
                Term(carry, state, name.start, name.end, 2 if carry in ("异常", "效果") else 1, name.start)
            )
        if kind in ("deny", "forbid"):
            # 不要不吃饭: what is denied twice is asserted.
            self.state, self.cue, self.cue_end = "denied", name.start, name.end
            self.forbidden = kind == "forbid"
        elif kind == "prevent":
            # 以免复发: it may be said as a denial as well (别让它复发).
            self.state, self.cue, self.behind = "open", -1, True
        elif kind == "affirm":
            self.state, self.cue = "asserted", -1
        elif said == "吗":
            # What stands before it was asked; with no mark behind it, a new clause begins.
            self.terms = [_opened(t) for t in self.terms]
            self.state, self.cue, self.asked, self.denials = "asserted", -1, False, 0
        elif kind == "doubt":
            self.asked = self.asked or said not in QUESTION_WORDS
        elif kind == "stop" and self.state == "denied" and name.start == self.cue_end:
            # 并不 + 可以: the verb is what is denied.
            self._term("需要" if said.startswith("应") else said, name.start, name.end, 1)
        elif kind == "stop":
            if said in _SAID_TOO:
                self._term("需要" if said.startswith("应") else said, name.start, name.end, 1)
            self.state, self.cue = "asserted", -1
        elif kind == "behind":
            self.behind = True
            self._behind("denied" if said == "除外" else "open", name.start)

    def _behind(self, state: Polarity, cue: int) -> None:
        """The subject of a denied predicate is neither asserted nor denied by itself."""
        self.terms = [
            Term(t.name, state, t.start, t.end, t.weight, cue if state == "denied" else -1)
            if t.polarity == "asserted" and t.weight >= (2 if state == "denied" else 1)
            else t
            for t in self.terms
        ]

    def facts(self) -> list[Fact]:
        """Return one denial for each cue, with the names of what it denies."""
        scopes: dict[int, list[Term]] = {}
        for term in self.terms:
            if term.polarity == "denied" and term.cue >= 0:
                scopes.setdefault(term.cue, []).append(term)
        facts = []
        for cue, terms in scopes.items():
            end = max(term.end for term in terms)
            value = " ".join(dict.fromkeys(term.name for term in terms))
            facts.append(Fact("negation", value, cue, end, self.text[cue:end], "", True))
        return facts
