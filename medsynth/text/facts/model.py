"""What a medical fact is, and what can have become of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

FactKind: TypeAlias = Literal[
    "drug",
    "dose",
    "frequency",
    "route",
    "duration",
    "age",
    "temperature",
    "vital",
    "lab",
    "number",
    "negation",
    "allergy",
    "contraindication",
    "side",
    "test",
    "department",
]
Severity: TypeAlias = Literal["critical", "major", "minor"]
Status: TypeAlias = Literal["kept", "dropped", "altered", "invented"]
Polarity: TypeAlias = Literal["asserted", "denied", "open"]


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact and where it stands: characters `start:end` of the text it was read from.

    `value` is canonical, so that equal facts have equal values whatever words they were said in: "500 mg"
    for 0.5 g, "2/day" for bid and 每日两次, "7 day" for a week, "38.5 C" for a temperature, "5-10 mg" for a
    range, a drug's English generic name (or its Chinese one where no English one is known), "left".
    `of` is the canonical name of what the fact is said of where that can be told: the drug of a dose, the
    finding that is denied, the organ of a side, the thing that is counted. "" where it cannot.
    `number` is the bare magnitude of a quantity as it was said ("0.5" for 0.5 g), so that a number said without its
    unit can be traced to one that has it; "" for facts without one.
    `vague` marks what is said in passing ("a tablet", "last week", "a couple of days"): such a fact may vouch for
    a plainer one of the other text, but is itself never asked for, and never an invention.
    """

    kind: FactKind
    value: str
    start: int
    end: int
    text: str
    of: str = ""
    negated: bool = False
    number: str = ""
    vague: bool = False


@dataclass(frozen=True, slots=True)
class Term:
    """A content word (or multi-word finding) of a statement in its base form, and whether it is denied there.

    `open` is neither asserted nor denied: asked, or the subject of a denied predicate.
    `weight` is 2 for a medical finding, whose polarity matters by itself, 1 for any other content word, and 0 for a
    light verb and for what is only supposed ("if you have a fever"): that is compared with the same supposition alone.
    `cue` is where the word begins that denies it, so that what one word denies can be told from the rest; -1 for none.
    """

    name: str
    polarity: Polarity
    start: int
    end: int
    weight: int = 1
    cue: int = -1


@dataclass(frozen=True, slots=True)
class Gist:
    """The content of a piece of text without what denies in it: `words` in base form, in no order.

    `denies` is whether the piece denies, `denied` the words right behind what denies (none where it ends the piece),
    `supposed` whether it is only supposed ("if you have a fever").
    """

    words: frozenset[str]
    denies: bool
    denied: frozenset[str]
    supposed: bool


@dataclass(frozen=True, slots=True)
class Sentence:
    """The sentence a statement stands in: its words in lower case, and whether it asks.

    `denials` is how many words of it plainly deny ("not", "without"), `hints` are others that may do so ("only",
    "hard", "free"), with their places in the text: what has none of either near it is not denied.
    """

    words: tuple[str, ...]
    denials: int = 0
    hints: tuple[tuple[int, str], ...] = ()
    asks: bool = False


@dataclass(frozen=True, slots=True)
class Statement:
    """A clause or sentence, `start:end` of the text, as its terms. Polarity is compared between these.

    `denials` is how many words of it deny something, with or without a term in their scope; 0 for a question, -1
    where they are not to be counted (what stands in brackets may be left out or not). `wording` is the sentence that
    the statement begins, without its words that deny and its sides; `negations` is how many of the former it has and
    `sides` the latter in order: two sentences of one wording say the same or the opposite. "" elsewhere.
    `content` is that sentence's content words alone, in alphabetical order, and `denies` whether it denies anything:
    of two sentences with the same content one must not deny where the other does not. "" where it has too few.
    `gist` is given for a piece of text that is compared by its gist alone; it has no terms then.
    """

    start: int
    end: int
    terms: tuple[Term, ...]
    denials: int = 0
    wording: str = ""
    negations: int = 0
    sides: str = ""
    content: str = ""
    denies: bool = False
    sentence: Sentence | None = None
    gist: Gist | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of a fact. A span is None where the text has no such fact; `kept` findings are reported too."""

    kind: FactKind
    status: Status
    severity: Severity
    source_span: tuple[int, int] | None
    rewrite_span: tuple[int, int] | None
    source_text: str = ""
    rewrite_text: str = ""

    @property
    def fails(self) -> bool:
        """Whether the finding alone makes a rewriting unfaithful (see `docs/facts.md` for the rule)."""
        if self.status == "kept" or self.severity == "minor":
            return False
        return self.status != "dropped" or self.severity == "critical"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a rewriting is faithful, with what became of every fact."""

    passed: bool
    findings: tuple[Finding, ...]
