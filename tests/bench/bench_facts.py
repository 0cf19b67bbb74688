"""How many altered facts the fact guard notices, and how often it takes a faithful paraphrase for an alteration.

    MEDSYNTH_REAL_DATA=<folder> python -m tests.bench.bench_facts                 # both languages, rows for mending
    python -m tests.bench.bench_facts --lang en --split test                      # the rows kept for measuring
    python -m tests.bench.bench_facts --show negation_dropped                     # what it got wrong (dev rows only)

For the kinds that change a drug it says apart how it fares where the lexicon has the drug and where it lacks it.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from medsynth.errors import UserError
from tests.bench.facts_data import Pair, Split, Which, csv_path, load, rewritten_spans

LANGUAGES = ("en", "zh")
WIDTH = 40  # characters of text around a change in --show


@dataclass(frozen=True)
class Judged:
    """A pair and whether the guard let its rewriting pass."""

    pair: Pair
    passed: bool


def judge(lang: str, which: Which, split: Split | None) -> list[Judged]:
    """Return the guard's verdict on every pair of a language and split, in file order."""
    from medsynth.text.facts.compare import check

    return [
        Judged(pair, bool(check(pair.source, pair.rewrite, lang).passed)) for pair in load(lang, which, split)
    ]


def rates(judged: Sequence[Judged]) -> dict[str, tuple[int, int]]:
    """Return by kind how many pairs were stopped, and how many there are; "all" last."""
    found: dict[str, list[bool]] = defaultdict(list)
    for item in judged:
        found[item.pair.kind].append(not item.passed)
    table = {kind: (sum(stopped), len(stopped)) for kind, stopped in sorted(found.items())}
    table["all"] = (sum(not item.passed for item in judged), len(judged))
    return table


def drug_is_known(pair: Pair) -> bool:
    """Return whether the lexicon has the drug in question: the invented one, else the one that was replaced."""
    from medsynth.text.facts.extract import facts

    spans: list[tuple[int, int]]
    if pair.kind == "drug_invented":
        text, spans = pair.rewrite, rewritten_spans(pair.edits)
    else:
        text, spans = pair.source, [(start, end) for start, end, _ in pair.edits]
    drugs: list[Any] = [fact for fact in facts(text, pair.lang) if fact.kind == "drug"]
    return any(drug.start < end and start < drug.end for drug in drugs for start, end in spans)


def _table(title: str, table: dict[str, tuple[int, int]]) -> None:
    print(f"\n{title}")
    for kind, (stopped, total) in table.items():
        if total:
            print(f"  {kind:28s} {stopped:4d} of {total:4d}  {100 * stopped / total:6.1f} %")


def _drugs(judged: Sequence[Judged]) -> dict[str, tuple[int, int]]:
    table: dict[str, tuple[int, int]] = {}
    for kind in sorted({item.pair.kind for item in judged if item.pair.kind.startswith("drug_")}):
        groups: dict[bool, list[Judged]] = {True: [], False: []}
        for item in judged:
            if item.pair.kind == kind:
                groups[drug_is_known(item.pair)].append(item)
        for known, items in groups.items():
            name = f"{kind}, {'in' if known else 'not in'} it"
            table[name] = (sum(not item.passed for item in items), len(items))
    return table


def _changes(pair: Pair) -> str:
    parts = []
    for start, end, new in pair.edits:
        before, after = pair.source[max(0, start - WIDTH) : start], pair.source[end : end + WIDTH]
        parts.append(" ".join(f"{before}[{pair.source[start:end]} -> {new}]{after}".split()))
    return " | ".join(parts)


def show(lang: str, kind: str) -> int:
    """Print the dev rows of a kind or style that the guard judged wrongly; return how many it has at all."""
    seen = 0
    expected: dict[Which, bool] = {"alterations": False, "paraphrases": True}
    for which, right in expected.items():
        if not csv_path(lang, which).is_file():
            continue
        for item in judge(lang, which, "dev"):
            if item.pair.kind == kind:
                seen += 1
                if item.passed != right:
                    print(f"{item.pair.id}: {_changes(item.pair)}")
    return seen


def report(lang: str, split: Split) -> None:
    """Print the tables of a language and split."""
    print(f"\n== {lang}, {split} rows ==")
    if csv_path(lang, "alterations").is_file():
        judged = judge(lang, "alterations", split)
        _table("alterations caught", rates(judged))
        _table("of these, by whether the lexicon has the drug", _drugs(judged))
    if csv_path(lang, "paraphrases").is_file():
        _table("false alarms on faithful paraphrases", rates(judge(lang, "paraphrases", split)))


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; 2 where the data or the asked kind is not there."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_facts", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--lang", choices=LANGUAGES, help="one language only")
    parser.add_argument("--split", choices=("dev", "test"), default="dev")
    parser.add_argument("--show", metavar="KIND", help="list the dev rows of a kind or style judged wrongly")
    args = parser.parse_args(argv)
    langs = [args.lang] if args.lang else [one for one in LANGUAGES if csv_path(one, "alterations").is_file()]
    try:
        if args.show:
            if args.split != "dev":
                raise UserError("--show lists dev rows only; leave --split out")
            if not sum(show(lang, args.show) for lang in langs):
                raise UserError(f"--show: there is no kind or style {args.show}")
        else:
            for lang in langs:
                report(lang, args.split)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    except ImportError as error:
        print(f"the fact guard is not there yet ({error})", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
