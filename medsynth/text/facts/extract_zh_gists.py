"""The gist of a piece of Chinese text: its content characters and amounts, without what denies, asks or merely fills.

Two pieces whose gists are nearly the same say the same or the opposite, in whatever words they are put
(`gists.py` compares them). A piece is a clause, or what lies between its "but"s and its listed denials.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from medsynth.text.facts.extract_zh_cues import CARRIES, QUESTION_WORDS
from medsynth.text.facts.extract_zh_gist_words import (
    ASKED,
    COMPLEMENT,
    END,
    FAILS,
    JOINED,
    LEAST,
    LIGHT,
    LISTED,
    LISTED_AT_MOST,
    MANNER,
    MODAL,
    NO_RELATION,
    NONE,
    NOT_SO,
    PERCEIVED,
    SAME,
    SHOWING,
    SIGN,
    SUPPOSED,
    TERMS,
    URGED,
    USELESS,
    VALUES,
    WANTED,
    content,
    words,
)
from medsynth.text.facts.extract_zh_names import Name
from medsynth.text.facts.extract_zh_wordings import DENYING, OPPOSITE, asks_both_ways
from medsynth.text.facts.model import Fact, Gist, Statement


def gists(text: str, known: Sequence[Name], amounts: Sequence[Fact]) -> list[Statement]:
    """Return the pieces of a text with their gists, in order; a piece without enough content is left out.

    `known`: the listed names of the text, `amounts` its quantities, both in order.
    """
    found: list[Statement] = []
    starts = [name.start for name in known]
    places = [fact.start for fact in amounts]
    start = 0
    denied = False
    ends = [match.span() for match in END.finditer(text)]
    ends.append((len(text), len(text)))
    for stop, behind in ends:
        first = bisect_left(starts, start)
        if (
            denied
            and stop - start <= LISTED_AT_MOST
            and (
                LISTED.search(text, start, stop)
                or (first < len(known) and known[first].start == start and known[first].kind == "finding")
            )
        ):
            start = max(start, behind)  # 别吃海鲜，肉食及豆制品: it may belong to what is denied
            continue
        if stop - start >= 2:
            pieces = _pieces(
                text,
                start,
                stop,
                text[stop:behind],
                known[first : bisect_left(starts, stop)],
                amounts[bisect_left(places, start) : bisect_left(places, stop)],
            )
            found += pieces
            denied = text[stop:behind] in (",", "，") and any(p.gist and p.gist.denies for p in pieces)
        start = max(start, behind)
    return found


def _pieces(
    text: str, start: int, stop: int, mark: str, inside: Sequence[Name], amounts: Sequence[Fact]
) -> list[Statement]:
    """Return a clause and, where it lists things or says two, its parts; nothing for what asks or tells a result."""
    if SIGN.search(text, start, min(len(text), stop + 3)):
        return []
    if ASKED.search(mark) or ASKED.search(text, max(start, stop - 3), stop):
        return []
    whole = _Reader(text)
    if not whole.read(start, stop, inside, amounts):
        return []
    supposed = bool(SUPPOSED.search(text, start, stop))
    parts = _parts(text, start, stop, inside, amounts)
    found = [] if len({part.denies for part in parts}) > 1 else whole.statement(start, stop, supposed)
    for part in parts:
        found += part.statement(
            part.start, part.stop, bool(SUPPOSED.search(text, part.start, part.stop)), LEAST
        )
    return found


def _parts(
    text: str, start: int, stop: int, inside: Sequence[Name], amounts: Sequence[Fact]
) -> list[_Reader]:
    """Return what a clause lists (吃萝卜 and 喝茶 of 不宜吃萝卜和喝茶, both denied), and what it says behind another
    word of need or leave; nothing where it says one thing only."""
    cuts = {
        match.start(): match.end()
        for match in JOINED.finditer(text, start, stop)
        if not any(name.start <= match.start() < name.end for name in inside)
    }
    fresh: set[int] = set()
    before, ended, denied = "", stop, False
    for name in inside:
        if name.kind != "cue" or name.value == "mask":
            continue
        # What stands before is a subject unless it denies or asks for something by itself; 没有药可以治 says one thing.
        modal = MODAL.match(name.said)
        urged = before or (name.value == "forbid" and URGED.search(text, start, name.start))
        again = denied and name.value in ("deny", "forbid") and name.start > ended
        if again or (modal and urged and not (before in NONE and name.value == "stop")):
            fresh.add(name.start)
        if modal or name.value in ("deny", "forbid"):
            before, ended = name.said, name.end
            denied = denied or name.value in ("deny", "forbid")
    if not cuts and not fresh:
        return []
    cuts.update((at, at) for at in fresh)
    bounds = sorted(cuts.items())
    parts: list[_Reader] = []
    denies = False
    for at, end in [(start, start), *bounds]:
        behind = next((cut for cut, _ in bounds if cut >= end and cut > at), stop)
        part = _Reader(text)
        part.start, part.stop = end, behind
        if denies and at not in fresh:
            part.inherit(parts[-1])
        if not part.read(end, behind, inside, amounts):
            return []
        if parts and (not part.says or (part.denies and not denies and part.late and at not in fresh)):
            # 造影不需要做, 咖啡和酒都别碰: what is denied stands before.
            return []
        denies = part.denies and part.spreads
        parts.append(part)
    return [part for part in parts if part.says]


class _Reader:
    """One piece being read from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.start = self.stop = 0
        self.spreads = False  # whether what denies may deny the rest of a list as well
        self.turns = False  # whether a denial behind it denies a denial
        self.both = False  # whether the same is said to be there and denied
        self.late = False  # whether content stands before what denies
        self.content: dict[str, None] = {}
        self.denies = False
        self.denied: set[str] = set()
        self._denied_at = -1  # where the last denial ended
        self._waiting = 0  # characters of content that the last denial still asks for

    def read(self, start: int, stop: int, inside: Sequence[Name], amounts: Sequence[Fact]) -> bool:
        """Take a stretch of text with the names and quantities in it; False where it asks."""
        useless = (
            USELESS.search(self.text, start, stop + 1) if self.text.find("用", start, stop) >= 0 else None
        )
        if useless:
            stop = useless.start()
        at = start
        told = iter([fact for fact in amounts if start <= fact.start < stop]) if amounts else iter(())
        fact = next(told, None)
        for name in inside:
            if name.start < at or name.end > stop:
                continue
            while fact is not None and fact.start < name.start:
                at = self.amount(at, fact)
                fact = next(told, None)
            if name.start < at:
                continue
            self.plain(at, name.start)
            if not self.name(name):
                return False
            at = name.end
        while fact is not None:
            at = self.amount(at, fact)
            fact = next(told, None)
        self.plain(at, stop)
        if useless:
            self.useless(*useless.span())
        return True

    def useless(self, start: int, end: int) -> None:
        """Take 没有用, 不管用 at the end."""
        self._deny(start, end)
        self._take(words(VALUES["效果"]))

    def inherit(self, before: _Reader) -> None:
        """Deny what the part of the list before it denies."""
        self.denies, self.spreads, self.turns = True, True, before.turns

    @property
    def says(self) -> bool:
        """Whether there is any content but quantities."""
        return any(word[0] != "#" for word in self.content) if self.content else False

    def amount(self, at: int, fact: Fact) -> int:
        """Take a quantity as one item; return the place behind it."""
        if fact.start < at:
            return at
        self.plain(at, fact.start)
        if not fact.vague:
            self.content[f"#{fact.value}"] = None
        return max(at, fact.end)

    def plain(self, start: int, end: int) -> None:
        """Take text that no list holds."""
        if end > start:
            at = start
            if "不" in self.text[start:end]:
                for match in FAILS.finditer(self.text, start, end):
                    self._take(content(self.text[at : match.start()]))
                    self._deny(*match.span(), self.text[match.start() - 1])
                    at = match.end()
            self._take(content(self.text[at:end]))

    def name(self, name: Name) -> bool:
        """Take a listed name; False where the piece asks."""
        said, kind = self.text[name.start : name.end], name.kind
        if kind == "cue":
            return self._cue(name, said)
        if kind in TERMS:
            if name.opposite:
                self._deny(name.start, name.end)
            if name.value.isascii():
                self._whole(name.value)
            else:
                self._take(words(VALUES.get(name.value, name.value)))
        elif kind == "class":
            self._take(words(said))
        else:
            self._take(content(VALUES.get(name.value, said)))
        return True

    def _cue(self, name: Name, said: str) -> bool:
        kind = name.value
        if kind == "deny" and asks_both_ways(self.text, name):
            return False
        if kind == "doubt" and said.endswith("清楚") and self.says:
            # 神志不清楚
            self._deny(name.start, name.end)
            self._take(words("清楚"))
            return True
        if kind == "doubt" and said not in QUESTION_WORDS:
            return False
        if said == "禁忌" and (self.denies or self.text[name.start - 1] in "有的殊别么何"):
            self._take(words(said))  # 没什么禁忌
            return True
        if kind in ("deny", "forbid") or (kind == "behind" and said[0] in "不没"):
            of = self.text[name.start - 1] if said == "不" and COMPLEMENT.match(self.text, name.end) else ""
            self._deny(name.start, name.end, of if WANTED.match(of) else "")
            self.spreads = kind != "behind"
            self.turns = said in NOT_SO
            if "排除" in said:
                self._whole("排除")
            elif CARRIES.get(said) not in LIGHT:
                self._take(content(PERCEIVED.sub("", DENYING.sub("", said, count=1)).strip("吃喝食饮服用")))
        elif said in ("防止", "谨防"):
            self._deny(name.start, name.end)
        elif kind == "affirm" and "排除" in said:
            self._whole("排除")
        elif kind == "behind":
            self._deny(name.start, name.end)
        elif kind == "mask" and (OPPOSITE.fullmatch(said) or said in NO_RELATION):
            self._deny(name.start, name.end)
            self._take(words(MANNER.sub("", said)))
        elif kind == "mask" and said in CARRIES and (said[0] == "没" or said.startswith("影响")):
            self._deny(name.start, name.end)
            self._take(words(CARRIES[said]))
        elif kind == "mask":
            self._take(content(said))
        elif said in SHOWING and self._waiting:
            self._take(words(said))
        return True

    def _deny(self, start: int, end: int, of: str = "") -> None:
        # 不恶心也不吐 denies once, as 不恶心呕吐 does; 并不排除 denies a denial.
        self.late = self.late or (not self.denies and self.says)
        self.denies = not self.denies if start == self._denied_at or self.turns else True
        self.spreads = self.turns = False
        self._denied_at = end
        if of:
            self.denied.add(of.translate(SAME))
        else:
            # Where nothing follows (副作用不明显), it is what stands before.
            self._waiting = 2

    def _whole(self, word: str) -> None:
        self.content[word] = None
        if self._waiting:
            self.denied.add(word)
            self._waiting = 0

    def _take(self, words: Sequence[str]) -> None:
        if self._waiting and words:
            # No more than the first stretch of text is denied for certain.
            # 疼了几天就不疼了 says both.
            self.both = self.both or any(word in self.content for word in words[: self._waiting])
            self.denied.update(words[: self._waiting])
            self._waiting = 0
        self.content.update(dict.fromkeys(words))

    def statement(self, start: int, stop: int, supposed: bool, least: int = 1) -> list[Statement]:
        """Return what was read, nothing where it is less than `least` words."""
        if not self.says or (least > 1 and sum(min(len(word), LEAST) for word in self.content) < least):
            return []
        # A piece that says both turns nothing round; "" is no word of any other.
        denied = frozenset(("",)) if self.both else frozenset(self.denied)
        gist = Gist(frozenset(self.content), self.denies, denied, supposed)
        return [Statement(start, stop, (), gist=gist)]
