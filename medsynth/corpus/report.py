"""The report of a corpus: one self-contained page that needs neither a network nor a script.

The page carries a content security policy that forbids both, so that nothing in the data can load or run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path

from medsynth.corpus.report_data import RejectExample, choose, read_dialogues, read_facts
from medsynth.corpus.report_dialogues import dialogues_section
from medsynth.corpus.report_funnel import funnel_section, overview, rejects_section
from medsynth.corpus.report_html import Html, esc, join, tag
from medsynth.corpus.report_measures import coverage_section, duration_section, pitch_section

__all__ = ["RejectExample", "build_report"]

SHOWN_DIALOGUES = 12
AUDIO_BUDGET = 5_200_000
"""Bytes of FLAC in the page. In base64 this is 6.9 MB, and the whole stays under 8 MB."""

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; media-src data:; img-src data:"
_SECTIONS = (
    ("funnel", "Funnel"),
    ("rejects", "Rejects"),
    ("coverage", "Coverage"),
    ("durations", "Durations"),
    ("pitch", "Pitch and pace"),
    ("dialogues", "Dialogues"),
)


def build_report(
    corpus: Path,
    examples: Sequence[RejectExample] = (),
    timings: Mapping[str, float] | None = None,
) -> str:
    """Return the report of a finished corpus as one HTML page.

    Reads `corpus.json`, `ledger.parquet`, `speakers.parquet` and `data/`; raises OSError when one is missing.
    `timings` are wall-clock seconds per stage and appear only where given: without them the page depends on
    the corpus and the examples alone, byte for byte.
    """
    facts = read_facts(corpus)
    shown = read_dialogues(corpus, choose(facts.dialogues, SHOWN_DIALOGUES))
    name = str(facts.info.get("name", "corpus"))
    contents = tag(
        "nav",
        tag("ol", *(tag("li", tag("a", title, href=f"#{anchor}")) for anchor, title in _SECTIONS)),
        aria_label="Contents",
    )
    body = tag(
        "body",
        tag("header", overview(facts), contents),
        tag(
            "main",
            funnel_section(facts, timings or {}),
            rejects_section(facts, examples),
            coverage_section(facts),
            duration_section(facts),
            pitch_section(facts),
            dialogues_section(shown, facts.info.get("frames") or {}, AUDIO_BUDGET),
        ),
        tag("footer", _footer(facts.info)),
    )
    head = (
        '<head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">'
        f"<title>{esc(name)} – corpus report</title><style>{_style()}</style></head>"
    )
    return f'<!doctype html>\n<html lang="en">\n{head}\n{body}\n</html>\n'


def _style() -> str:
    return files("medsynth.corpus").joinpath("templates", "report.css").read_text(encoding="utf-8")


def _footer(info: Mapping[str, object]) -> Html:
    versions = info.get("versions")
    packages = versions if isinstance(versions, Mapping) else {}
    facts = [f"{k} {v}" for k, v in sorted(packages.items())]
    facts += [f"pipeline {info[k]}" for k in ("pipeline_hash",) if info.get(k)]
    facts += [f"seed {info['seed']}"] if "seed" in info else []
    facts += [f"schema version {info['schema_version']}"] if "schema_version" in info else []
    return tag("p", join(facts, " · "))
