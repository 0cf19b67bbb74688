"""What an English text asserts and what it denies.

Cues and scopes follow NegEx (Chapman et al., *A simple algorithm for identifying negated findings and diseases in
discharge summaries*, J Biomed Inform 34, 2001) and its extension ConText (Harkema et al., 2009): a cue denies what
follows (or goes before) up to a word that ends its scope; some phrases only look like denials. Beyond findings,
every content word has a polarity here, since any statement can be turned round. A question is neither, unless the
next sentence answers it with yes or no.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

from medsynth.text.facts.cue_words_en import (
    ASIDE,
    BE,
    BEHIND,
    BRACKETS,
    CAUTIONS,
    CHANGES,
    CONDITION,
    DEEP,
    DETERMINING,
    DRINKS,
    DRINKS_ON,
    ENDS,
    FILLERS,
    FINITE,
    HELD,
    JOB_BEFORE,
    JOINTS,
    LIGHT,
    LIMITING,
    MEANS,
    OBJECTS,
    PRONOUNS,
    SCANT,
    SOMEWHAT,
    SPECIAL,
    STRUGGLES,
    UNKNOWING,
)
from medsynth.text.facts.cues_en import (
    Wording,
    answer_of,
    asks,
    asks_which,
    bare_denial,
    cue_at,
    opens_clause,
    pseudo_cue,
    starts_anew,
    tagged,
    wording_of,
)
from medsynth.text.facts.model import Fact, FactKind, Polarity, Statement, Term
from medsynth.text.facts.tokens_en import Tokens
from medsynth.text.facts.words_en import PHRASES, STOPWORDS, WORDS, name_of

# Words that no rule looks at.
_SKIPPED = (
    STOPWORDS - PHRASES.keys() - SPECIAL - ENDS - JOINTS - CONDITION - BRACKETS - frozenset(("then", "used"))
)
_SKIPPED = frozenset(word for word in _SKIPPED if not word.endswith("n't"))


@dataclass(slots=True)
class _Scope:
    """A denial being read: where its cue stands, what kind it is, and the terms it covers so far."""

    cue: int
    kind: FactKind
    names: list[str]
    last: int
    aimed: bool = False  # what is to be prevented, or not known: neither denied nor asserted


def read_polarity(t: Tokens) -> tuple[list[Statement], list[Fact]]:
    """Return the statements of a text (its clauses), and its denials and prohibitions as facts."""
    statements: list[Statement] = []
    found: list[Fact] = []
    pending: dict[int, Statement] = {}
    open_question = False
    asked: list[int] = []  # the statements of a question that waits for its answer
    confirmed = False  # it is a statement that only asks to be confirmed
    for first, behind, marked in t.sentences:
        if asked and not open_question:
            answer = answer_of(t.words, first, behind)
            if answer:
                for index in asked:
                    if confirmed and (answer == "yes" or pending[index].denials):
                        continue
                    statements[index] = _answered(pending[index], answer)
                    if answer == "no":
                        found.extend(_denial(t, statements[index]))
        question = marked or asks(t.words, first, behind)
        tag = marked and tagged(t.words, first, behind)
        clauses, scopes = _Reader(t, first, behind).read()
        if asked and any(word not in FILLERS for word in t.words[first:behind]):
            asked = []
        if question:
            open_question = not tag and asks_which(t.words, first, behind)
            asked, confirmed = [len(statements) + k for k in range(len(clauses))], tag
        if (not question or tag) and (worded := wording_of(t.words, first, behind)) is not None:
            head = clauses[0] if clauses else Statement(t.starts[first], t.ends[behind - 1], ())
            clauses[:1] = [_worded(head, worded)]
        statements.extend(clauses)
        for scope in scopes:
            if scope.names and (not question or tag):
                start, end = t.starts[scope.cue], t.ends[scope.last]
                names = " ".join(scope.names[:DEEP])
                found.append(Fact(scope.kind, names, start, end, t.text[start:end], scope.names[0], True))
        if question:
            # Until it is answered a question says nothing either way.
            for index in asked:
                pending[index] = statements[index]
                if not tag:
                    statements[index] = _opened(statements[index])
    return statements, found


def _worded(head: Statement, worded: Wording) -> Statement:
    return Statement(
        head.start,
        head.end,
        head.terms,
        head.denials,
        worded.wording,
        worded.negations,
        worded.sides,
        worded.content,
        worded.denies,
    )


def _opened(statement: Statement) -> Statement:
    terms = tuple(Term(term.name, "open", term.start, term.end, term.weight) for term in statement.terms)
    return Statement(statement.start, statement.end, terms, -1)


def _answered(statement: Statement, answer: str) -> Statement:
    """Return a question's statement as its answer makes it: the findings it asks for are denied or asserted.

    Agreeing to a question that denies settles nothing.
    """
    negative = any(term.polarity == "denied" for term in statement.terms)
    polarity: Polarity = "denied" if answer == "no" else "open" if negative else "asserted"
    terms = tuple(
        Term(term.name, polarity if term.weight > 1 else "open", term.start, term.end, term.weight)
        for term in statement.terms
    )
    return Statement(statement.start, statement.end, terms, -1)


def _denial(t: Tokens, statement: Statement) -> list[Fact]:
    heavy = [term for term in statement.terms if term.weight > 1]
    if not heavy:
        return []
    start, end = heavy[0].start, heavy[-1].end
    names = " ".join(term.name for term in heavy[:DEEP])
    return [Fact("negation", names, start, end, t.text[start:end], heavy[0].name, True)]


class _Reader:
    """Reads one sentence, word by word, into clauses and denials."""

    def __init__(self, t: Tokens, first: int, behind: int) -> None:
        self.t, self.words, self.first, self.behind = t, t.words, first, behind
        self.clauses: list[Statement] = []
        self.scopes: list[_Scope] = []
        self.scope: _Scope | None = None
        self.terms: list[Term] = []  # of the clause being read
        self.denials = 0
        self.depth = 0
        self.deep = DEEP
        self.conditional = self.supposed = self.bracketed = False
        self.uncounted = False  # what the clause denies went before: it says no more than that it ended
        self.aside = False  # the clause before may hold the subject of this one

    def read(self) -> tuple[list[Statement], list[_Scope]]:
        """Return the clauses of the sentence and what its cues deny."""
        words, behind, i = self.words, self.behind, self.first
        outside: _Scope | None = None
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
                    and words[self.scope.cue] in SCANT
                ):
                    self.scope = None  # "too little iron can cause anemia": its verb asserts
                i += 1
            elif word in BRACKETS:
                # What stands in brackets has a scope of its own; the one around it goes on behind them.
                self.bracketed = True
                if word in "([" and not enclosed:
                    outside, self.scope, enclosed = self.scope, None, True
                elif enclosed:
                    self.scope, enclosed = outside, False
                i += 1
            elif word not in SPECIAL and not word.endswith("n't"):
                if self._ends(i):
                    self._close(word)
                    i += 1
                else:
                    i = self._term(i)
            elif skip := pseudo_cue(words, i, behind):
                self.denials += words[i + 1] in LIMITING
                if words[i : i + 3] == ["or", "not", "at"]:
                    self._open_last(2)  # "they sweat little or not at all"
                if words[i + skip - 1] in UNKNOWING or words[i + skip - 1] in ("think", "much"):
                    self.scope, self.depth, self.deep = _Scope(i, "negation", [], i, aimed=True), 0, DEEP
                i += skip
            elif cue := cue_at(words, i, behind, self.first):
                i = self._deny(i, *cue)
            elif self._ends(i):
                self._close(word)
                i += 1
            else:
                i = self._term(i)
        self._finish()
        return self.clauses, self.scopes

    def _deny(self, i: int, length: int, kind: FactKind, shape: str) -> int:
        """Begin a scope. `shape`: verb (its subject goes before), noun, back (what goes before is denied), aim."""
        word = self.words[i]
        before = self.scope
        if before is not None and not before.names and not before.aimed and kind == "contraindication":
            # "do not stop", "should not be stopped": twice denied is asserted; "nothing can stop it": neither.
            self.scopes.remove(before)
            self.scope = (
                None if i - before.last <= 1 or shape == "back" else _Scope(i, kind, [], i, aimed=True)
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
                self.clauses[-1] = Statement(last.start, last.end, opened, -1)
            self.terms = [_with(term, "open") if term.polarity == "asserted" else term for term in self.terms]
        scope = _Scope(i, kind, [], i, aimed=shape == "aim")
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

    def _reopen(self, scope: _Scope) -> None:
        cue = self.t.starts[scope.cue]
        self.terms = [_with(term, "open") if term.cue == cue else term for term in self.terms]

    def _changing(self, i: int, name: str) -> bool:
        """Whether the word before, by its name, is a change in what stands at token `i`: "no change in appetite"."""
        return name in CHANGES and any(word in ("in", "with", "to") for word in self.words[i - 3 : i])

    def _ends(self, i: int) -> bool:
        word = self.words[i]
        if word == ":" and i + 2 < self.behind and bare_denial(self.words, i + 1, self.behind):
            return False
        if word in ENDS:
            return self.words[i - 1] not in ("look", "looks", "looking", "looked")
        if word not in JOINTS:
            return False
        if opens_clause(self.words, i, self.behind):
            return True
        scope = self.scope
        if word == "," and scope is not None and self.conditional:
            # "if it is not treated, complications appear": the consequence may be neither.
            self.scope, self.depth = _Scope(i, "negation", [], i, aimed=True), 0
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
            self.clauses.append(
                Statement(self.terms[0].start, self.terms[-1].end, tuple(self.terms), denials)
            )
            self.terms, self.denials, self.uncounted = [], 0, False

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
                    words[i - 1] == "of"
                    or (words[i - 1] == "for" and scope.names[-1] in MEANS)
                    or self._changing(i, scope.names[-1])
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
                if self.depth <= HELD and words[scope.cue] in DETERMINING and words[scope.cue + 1] != "more":
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


def _with(term: Term, polarity: Polarity) -> Term:
    return Term(term.name, polarity, term.start, term.end, term.weight)
