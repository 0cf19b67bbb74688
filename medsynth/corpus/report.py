"""The report of a corpus: one self-contained page that needs no network, and reads well without its script.

The page carries a content security policy that allows exactly the one script of this package, by its hash,
and no request, so that nothing in the data can load or run.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path

from medsynth.corpus.report_clusters import clusters_section
from medsynth.corpus.report_data import RejectExample, choose, read_dialogues, read_facts, stratified
from medsynth.corpus.report_dialogues import dialogues_section, sample_section
from medsynth.corpus.report_effects import effects_section
from medsynth.corpus.report_funnel import funnel_section, overview
from medsynth.corpus.report_html import Html, esc, join, tag
from medsynth.corpus.report_measures import coverage_section, duration_section
from medsynth.corpus.report_models import models_section
from medsynth.corpus.report_rejects import rejects_section
from medsynth.corpus.report_voices import pitch_section

__all__ = ["RejectExample", "build_report"]

SHOWN_DIALOGUES = 12
SAMPLED_DIALOGUES = 100
AUDIO_BUDGET = 4_500_000
"""Bytes of FLAC in the page. In base64 this is 6 MB, and the demonstration's page stays under 8 MB."""
SAMPLE_BUDGET = 1_500_000

_SECTIONS = (
    ("funnel", "Funnel"),
    ("rejects", "Rejects"),
    ("duplicates", "Duplicates"),
    ("coverage", "Coverage"),
    ("models", "Models"),
    ("durations", "Durations"),
    ("pitch", "Pitch and pace"),
    ("effects", "Patient-like speech"),
    ("dialogues", "Dialogues"),
    ("sample", "Sample"),
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
    chosen = choose(facts.dialogues, SHOWN_DIALOGUES)
    sampled = stratified(facts.dialogues, SAMPLED_DIALOGUES, without=chosen)
    rows = read_dialogues(corpus, chosen)
    more = read_dialogues(corpus, sampled)
    rejects = [e for e in examples if e.reason != "duplicate"]
    frames = facts.info.get("frames") or {}
    sample = sample_section(more, frames, facts.dialogues.height, SAMPLE_BUDGET)
    models = models_section(facts)
    effects = effects_section(corpus, facts)
    optional = (("sample", sample), ("models", models), ("effects", effects))
    left_out = {name for name, part in optional if not part}
    links = [(anchor, title) for anchor, title in _SECTIONS if anchor not in left_out]
    contents = tag(
        "nav",
        tag("ol", *(tag("li", tag("a", title, href=f"#{anchor}")) for anchor, title in links)),
        aria_label="Contents",
    )
    script = _template("report.js")
    body = tag(
        "body",
        tag("header", overview(facts), contents),
        tag(
            "main",
            funnel_section(facts, timings or {}),
            rejects_section(facts, rejects),
            clusters_section(facts, examples),
            coverage_section(facts),
            models,
            duration_section(facts),
            pitch_section(facts),
            effects,
            dialogues_section(rows, frames, AUDIO_BUDGET),
            sample,
        ),
        tag("footer", _footer(facts.info)),
        Html(f"<script>{script}</script>"),
    )
    head = (
        '<head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(script)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">'
        f"<title>{esc(facts.info.get('name', 'corpus'))} – corpus report</title>"
        f"<style>{_template('report.css')}</style></head>"
    )
    return f'<!doctype html>\n<html lang="en">\n{head}\n{body}\n</html>\n'


def _policy(script: str) -> str:
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; media-src data:; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _template(name: str) -> str:
    return files("medsynth.corpus").joinpath("templates", name).read_text(encoding="utf-8")


def _footer(info: Mapping[str, object]) -> Html:
    versions = info.get("versions")
    packages = versions if isinstance(versions, Mapping) else {}
    facts = [f"{k} {v}" for k, v in sorted(packages.items())]
    facts += [f"pipeline {info[k]}" for k in ("pipeline_hash",) if info.get(k)]
    facts += [f"seed {info['seed']}"] if "seed" in info else []
    facts += [f"schema version {info['schema_version']}"] if "schema_version" in info else []
    return tag("p", join(facts, " · "))
