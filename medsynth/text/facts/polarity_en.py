"""What an English text asserts and what it denies.

Cues and scopes follow NegEx (Chapman et al., *A simple algorithm for identifying negated findings and diseases in
discharge summaries*, J Biomed Inform 34, 2001) and its extension ConText (Harkema et al., 2009): a cue denies what
follows (or goes before) up to a word that ends its scope; some phrases only look like denials. Beyond findings,
every content word has a polarity here, since any statement can be turned round. A question is neither, unless the
next sentence answers it with yes or no.
"""

from __future__ import annotations

from dataclasses import replace

from medsynth.text.facts.clauses_en import ClauseReader, undenied
from medsynth.text.facts.cue_words_en import (
    DEEP,
    FILLERS,
    NO,
    UNDERSTOOD,
    YES,
)
from medsynth.text.facts.model import Fact, Polarity, Sentence, Statement, Term
from medsynth.text.facts.questions_en import answer_of, asks, asks_which, tagged
from medsynth.text.facts.tokens_en import Tokens
from medsynth.text.facts.wordings_en import Wording, tally, wording_of

_SUBJECT = 6  # words of a sentence that only names another one


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
        if _stands_for_all(t.words, first, behind) and statements and not asked:
            last = statements[-1].sentence
            for k in range(len(statements) - 1, -1, -1):
                if statements[k].sentence is not last:
                    break
                statements[k] = undenied(statements[k])
        question = marked or asks(t.words, first, behind)
        tag = tagged(t.words, first, behind) if marked else 0
        denials, hints = tally(t, first, behind)
        sentence = Sentence(tuple(t.words[first:behind]), denials, hints, question)
        clauses, scopes = ClauseReader(t, first, tag or behind, sentence).read()
        if asked and any(word not in FILLERS for word in t.words[first:behind]):
            asked = []
        if question:
            open_question = not tag and asks_which(t.words, first, behind)
            asked, confirmed = [len(statements) + k for k in range(len(clauses))], tag > 0
        asking = question and not tag
        if (worded := wording_of(t.words, first, behind, asking)) is not None:
            head = (
                clauses[0]
                if clauses
                else Statement(t.starts[first], t.ends[behind - 1], (), sentence=sentence)
            )
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


def _stands_for_all(words: list[str], first: int, behind: int) -> bool:
    """Whether a sentence is no more than a subject for what the one before denied: "His mother does."."""
    while behind > first and not words[behind - 1][0].isalpha():
        behind -= 1
    size = behind - first
    if not 1 < size < _SUBJECT or words[behind - 1] not in UNDERSTOOD:
        return False
    return words[first] not in YES and words[first] not in NO


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
        head.sentence,
    )


def _opened(statement: Statement) -> Statement:
    terms = tuple(Term(term.name, "open", term.start, term.end, term.weight) for term in statement.terms)
    return replace(statement, terms=terms, denials=-1)


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
    return Statement(statement.start, statement.end, terms, -1, sentence=statement.sentence)


def _denial(t: Tokens, statement: Statement) -> list[Fact]:
    heavy = [term for term in statement.terms if term.weight > 1]
    if not heavy:
        return []
    start, end = heavy[0].start, heavy[-1].end
    names = " ".join(term.name for term in heavy[:DEEP])
    return [Fact("negation", names, start, end, t.text[start:end], heavy[0].name, True)]
