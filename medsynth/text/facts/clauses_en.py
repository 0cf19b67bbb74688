"""The clauses of an English sentence, with what each of their words denies: cues, and the scopes of these."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache

from medsynth.text.facts.cue_words_en import (
    ASIDE,
    BE,
    BEHIND,
    BRACKETS,
    CAUTIONS,
    CHANGES,
    CONDITION,
    CONTRASTS,
    DEEP,
    DETERMINING,
    DRINKS,
    DRINKS_ON,
    ENDS,
    FINITE,
    FUNCTIONS,
    GROUPS,
    HELD,
    JOB_BEFORE,
    JOINTS,
    LIGHT,
    LIMITING,
    MEANS,
    OBJECTS,
    PASSING,
    PRONOUNS,
    SCANT,
    SOMEWHAT,
    SPECIAL,
    STRUGGLES,
    UNDERSTOOD,
    UNKNOWING,
)
from medsynth.text.facts.cues_en import bare_denial, cue_at, opens_clause, pseudo_cue, starts_anew
from medsynth.text.facts.model import FactKind, Polarity, Sentence, Statement, Term
from medsynth.text.facts.tokens_en import Tokens
from medsynth.text.facts.words_en import PHRASES, STOPWORDS, WORDS, name_of

# Words that no rule looks at.
_SKIPPED = (
    STOPWORDS - PHRASES.keys() - SPECIAL - ENDS - JOINTS - CONDITION - BRACKETS - frozenset(("then", "used"))
)
_SKIPPED = frozenset(word for word in _SKIPPED if not word.endswith("n't"))


@dataclass(slots=True)
class Scope:
    """A denial being read: where its cue stands, what kind it is, and the terms it covers so far."""

    cue: int
    kind: FactKind
    names: list[str]
    last: int
    aimed: bool = False  # what is to be prevented, or not known: neither denied nor asserted


@lru_cache(maxsize=65536)
def _is_special(word: str) -> bool:
    """Whether a cue, or what only looks like one, may begin with a word."""
    return word in SPECIAL or word.endswith("n't")


@lru_cache(maxsize=65536)
def _simple(word: str) -> tuple[str, int, bool] | None:
    """Return the name, weight and denying form of a word that is read alike wherever it stands; None for another."""
    looked_at = word in CONDITION or word in PHRASES or word in DRINKS or word in ("then", "work", "used")
    if looked_at or word in ENDS or word in JOINTS or word == ":":
        return None
    if (len(word) < 3 and word not in WORDS) or not word[0].isalpha() or word in STOPWORDS:
        return "", 1, False
    return name_of(word)


class ClauseReader:
    """Reads one sentence, word by word, into clauses and denials."""

    def __init__(self, t: Tokens, first: int, behind: int, sentence: Sentence) -> None:
        self.t, self.words, self.first, self.behind = t, t.words, first, behind
        self.sentence = sentence
        self.clauses: list[Statement] = []
        self.scopes: list[Scope] = []
        self.scope: Scope | None = None
        self.terms: list[Term] = []  # of the clause being read
        self.denials = 0
        self.settled = 0  # terms of the clause that are no subject of what follows
        self.depth = 0
        self.deep = DEEP
        self.conditional = self.supposed = self.bracketed = False
        self.uncounted = False  # what the clause denies went before: it says no more than that it ended
        self.aside = False  # the clause before may hold the subject of this one

    def read(self) -> tuple[list[Statement], list[Scope]]:
        """Return the clauses of the sentence and what its cues deny."""
        words, behind, i = self.words, self.behind, self.first
        outside: Scope | None = None
        enclosed = False
        while i < behind:
            word = words[i]
            if word in _SKIPPED:
                if self.scope is not None and starts_anew(words, i, behind, bool(self.scope.names)):
                    self._close(word)
                elif (
                    self.scope is not None
                    and self.scope.names
                    and word in FINITE
                    and words[self.scope.cue] in PASSING
                ):
                    self.scope = None  # "too little iron can cause anemia": its verb asserts
                elif (
                    self.scope is not None
                    and self.scope.names
                    and word in GROUPS
                    and words[i - 1] in ("for", "in", "among")
                    and words[i + 1 : i + 2] == ["with"]
                ):
                    self.scope = None  # "no cure for people with gout": they have it
                i += 1
            elif word in BRACKETS:
                # What stands in brackets has a scope of its own; the one around it goes on behind them.
                self.bracketed = True
                if word in "([" and not enclosed:
                    outside, self.scope, enclosed = self.scope, None, True
                elif enclosed:
                    self.scope, enclosed = outside, False
                i += 1
            elif not _is_special(word):
                simple = _simple(word) if self.scope is None else None
                if simple is not None:
                    if simple[0]:
                        self._take(i, *simple)
                    i += 1
                elif self._ends(i):
                    self._close(word)
                    i += 1
                else:
                    i = self._term(i)
            elif skip := pseudo_cue(words, i, behind):
                self.denials += words[i + 1] in LIMITING
                if words[i : i + 3] == ["or", "not", "at"]:
                    self._open_last(2)  # "they sweat little or not at all"
                if words[i + skip - 1] in UNKNOWING or words[i + skip - 1] in ("think", "much"):
                    self.scope, self.depth, self.deep = Scope(i, "negation", [], i, aimed=True), 0, DEEP
                i += skip
            elif cue := cue_at(words, i, behind, self.first):
                i = self._deny(i, *cue)
            elif self._ends(i):
                self._close(word)
                i += 1
            else:
                i = self._term(i)
        self._finish()
        if self._left_to_be_understood():
            self.clauses = [undenied(clause) for clause in self.clauses]
        return self.clauses, self.scopes

    def _left_to_be_understood(self) -> bool:
        """Whether what is denied of one is said of another without its words: "the leg is not weak, but the arm is"."""
        last = self.behind - 1
        while last > self.first and not self.words[last][0].isalpha():
            last -= 1
        tail = self.words[self.first : last]
        return (
            last > self.first + 2
            and self.words[last] in UNDERSTOOD
            and any(word in CONTRASTS or word == "which" for word in tail)
            and any(term.polarity == "denied" for clause in self.clauses for term in clause.terms)
        )

    def _deny(self, i: int, length: int, kind: FactKind, shape: str) -> int:
        """Begin a scope. `shape`: verb (its subject goes before), noun, back (what goes before is denied), aim."""
        word = self.words[i]
        before = self.scope
        if before is not None and not before.names and not before.aimed and kind == "contraindication":
            # "do not stop", "should not be stopped": twice denied is asserted; "nothing can stop it": neither.
            self.scopes.remove(before)
            self.scope = (
                None if i - before.last <= 1 or shape == "back" else Scope(i, kind, [], i, aimed=True)
            )
            self.denials += 1
            self.depth = 0
            self.conditional = self.supposed = False
            return i + length
        if before is not None and before.names and word in ("without", "unless"):
            # "do not take it without asking": it may be taken.
            self._reopen(before)
        if shape in ("over", "free"):
            return self._passed(i, shape)
        if word in OBJECTS and self.terms and self.words[i - 1] not in JOINTS:
            self._open_last(1)  # "has taken nothing" for "has not taken anything"
        if shape == "verb":
            if self.aside and self.words[i - 1] in FINITE and self.words[i - 2] not in PRONOUNS:
                # "relapses after treatment have not been seen": the subject stands before the aside.
                last = self.clauses[-1]
                opened = tuple(_with(x, "open") if x.polarity == "asserted" else x for x in last.terms)
                self.clauses[-1] = Statement(last.start, last.end, opened, -1, sentence=self.sentence)
            if "there" in self.words[max(self.first, i - 2) : i]:
                self.settled = len(self.terms)  # "my foot itches there was not anything else"
            self.terms[self.settled :] = [
                _with(term, "open") if term.polarity == "asserted" else term
                for term in self.terms[self.settled :]
            ]
        scope = Scope(i, kind, [], i, aimed=shape == "aim")
        if shape == "back":
            near = self.terms[-BEHIND:]
            passive = word not in CAUTIONS or (i > self.first and self.words[i - 1] in BE)
            state: Polarity = "denied" if passive else "open"
            cue = self.t.starts[i]
            self.terms[-BEHIND:] = [
                Term(x.name, state, x.start, x.end, x.weight, cue if passive else -1) for x in near
            ]
            if near and passive:
                scope.names = [term.name for term in near]
                scope.cue = self._token_at(near[0].start)
        self.scope = scope
        if word in STRUGGLES:
            self.uncounted = True
        if shape != "aim":
            self.scopes.append(scope)
            self.denials += 1
        self.depth = 0
        self.deep = 1 if word == "non" else 2 if word in SCANT else DEEP
        return i + length

    def _passed(self, i: int, shape: str) -> int:
        """Read "is gone", which leaves open what it is said of, or "pain-free", which denies it."""
        if shape == "over":
            self._open_last(2)
            return self._term(i)
        near = self.terms[-1] if self.terms else None
        if near is not None and near.end >= self.t.starts[i] - 2:
            self.terms[-1] = Term(near.name, "denied", near.start, near.end, near.weight, near.start)
            self.denials += 1
        return i + 1

    def _open_last(self, count: int) -> None:
        self.terms[-count:] = [
            _with(x, "open") if x.polarity == "asserted" else x for x in self.terms[-count:]
        ]

    def _token_at(self, start: int) -> int:
        return bisect_left(self.t.starts, start)

    def _reopen(self, scope: Scope) -> None:
        cue = self.t.starts[scope.cue]
        self.terms = [_with(term, "open") if term.cue == cue else term for term in self.terms]

    def _changing(self, i: int, name: str, of: str, weight: int) -> bool:
        """Whether the word before, by its name, is a change in what stands at token `i`: "no change in appetite".

        No trouble with a symptom is none of it.
        """
        if name != "chang" and weight > 1 and of not in FUNCTIONS:
            return False
        return name in CHANGES and any(word in ("in", "with", "to") for word in self.words[i - 3 : i])

    def _ends(self, i: int) -> bool:
        word = self.words[i]
        if word == ":" and i + 2 < self.behind and bare_denial(self.words, i + 1, self.behind):
            return False
        if word == "otherwise":
            return opens_clause(self.words, i, self.behind)  # not "no trouble otherwise, fever or chills"
        if word in ENDS:
            return self.words[i - 1] not in ("look", "looks", "looking", "looked")
        if word not in JOINTS:
            return False
        if opens_clause(self.words, i, self.behind):
            return True
        scope = self.scope
        if word == "," and scope is not None and self.conditional:
            # "if it is not treated, complications appear": the consequence may be neither.
            self.scope, self.depth = Scope(i, "negation", [], i, aimed=True), 0
        return (
            scope is not None
            and self.words[scope.cue] == "no"
            and self.words[i + 1 : i + 2] != []
            and (self.words[i + 1] in SOMEWHAT)
        )

    def _close(self, word: str) -> None:
        if word in ("unless", "until") and self.scope is not None and self.scope.names:
            self._reopen(self.scope)
        if word in ("if", "when", "while", "unless", "whenever", "as") or word in CONDITION:
            self.conditional = word != "as"
            self.supposed = word in ("if", "unless", "whether")
        elif word == ",":
            self.conditional = self.supposed = False
        if self.scope is not None and self.scope.kind == "contraindication" and not self.scope.names:
            # "those who smoke should quit": what is to be stopped went before.
            self.terms = [_with(term, "open") for term in self.terms]
            self.uncounted = True
        self.scope = None
        if word in CONTRASTS:
            self.settled = len(
                self.terms
            )  # "I had the jab but have not been ill": no subject of what follows
        if not self.terms:
            self.denials = 0
        if len(self.terms) > 1 and word not in ("than", "while", "if", "when"):
            self._finish()
            self.aside = word in ASIDE

    def _finish(self) -> None:
        if self.scope is not None and self.scope.kind == "contraindication" and not self.scope.names:
            self.terms = [_with(term, "open") for term in self.terms]
            self.uncounted = True
        if self.terms:
            denials = -1 if self.bracketed or self.uncounted else self.denials
            start, end = self.terms[0].start, self.terms[-1].end
            self.clauses.append(Statement(start, end, tuple(self.terms), denials, sentence=self.sentence))
            self.terms, self.denials, self.uncounted, self.settled = [], 0, False, 0

    def _take(self, i: int, name: str, weight: int, inverted: bool) -> None:
        """Add a term that no scope covers."""
        self.denials += inverted
        state: Polarity = "denied" if inverted else "asserted"
        if self.conditional:
            weight = 0
        self.terms.append(Term(name, state, self.t.starts[i], self.t.ends[i], weight))

    def _term(self, i: int) -> int:
        words, word = self.words, self.words[i]
        if word in CONDITION:
            self.conditional, self.supposed = True, word != "when"
        if word == "then":
            self.conditional = self.supposed = False
        if word == "work" and words[i - 1] in JOB_BEFORE:
            word = "job"  # not that something works
        if word == "used" and words[i - 1] in PRONOUNS and words[i + 1 : i + 2] == ["to"]:
            return i + 2
        if len(word) < 3 and word not in WORDS and word not in PHRASES:
            return i + 1
        name, length, weight, inverted = "", 1, 1, False
        for parts, target in PHRASES.get(word, ()):
            if i + len(parts) <= self.behind and tuple(words[i : i + len(parts)]) == parts:
                name, length, weight = target, len(parts), 2
                break
        else:
            if word in DRINKS and words[i + 1 : i + 2] and words[i + 1] in DRINKS_ON:
                name, weight = "alcohol", 2
            elif word[0].isalpha() and word not in STOPWORDS:
                name, weight, inverted = name_of(word)
        if not name:
            return i + 1
        state: Polarity = "asserted"
        cue = -1
        scope = self.scope
        if scope is not None:
            self.depth += 1
            if (
                scope.names
                and scope.kind != "contraindication"
                and (
                    words[i - 1] in ("of", "between")
                    or (words[i - 1] == "for" and scope.names[-1] in MEANS)
                    or self._changing(i, scope.names[-1], name, weight)
                )
                and scope.names[-1] not in LIGHT
            ):
                self.depth = DEEP + 1  # "no symptoms of hepatitis": it is not hepatitis that is denied
            if self.depth > self.deep:
                state = "open" if self.deep == DEEP else state
            elif scope.aimed:
                state = "open"
            else:
                state, cue = "denied", self.t.starts[scope.cue]
                named = (
                    self.depth <= HELD and words[scope.cue] in DETERMINING and words[scope.cue + 1] != "more"
                )
                if named and words[i - 1] not in (
                    "at",
                    "during",
                ):  # not where or when: "no trouble at school"
                    weight = 2  # "no complications": named to be denied, like a finding
                scope.names.append(name)
                scope.last = max(scope.last, i + length - 1)
        if (self.conditional and state == "asserted") or (
            self.supposed and state == "denied" and scope is not None and scope.kind == "negation"
        ):
            weight = 0
        self.denials += inverted
        if inverted and state != "open":
            state = "denied" if state == "asserted" else "asserted"
        self.terms.append(Term(name, state, self.t.starts[i], self.t.ends[i + length - 1], weight, cue))
        return i + length


def undenied(clause: Statement) -> Statement:
    """Return a clause as it is where something else was said not to be so: what it denies is left open."""
    terms = tuple(_with(x, "open") if x.polarity == "denied" else x for x in clause.terms)
    return Statement(clause.start, clause.end, terms, -1, sentence=clause.sentence)


def _with(term: Term, polarity: Polarity) -> Term:
    return Term(term.name, polarity, term.start, term.end, term.weight)
