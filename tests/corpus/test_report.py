"""The report: one page, counts that add up, nothing from outside, nothing from the data that acts."""

from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import fake
import pytest
import soundfile as sf
from hypothesis import given
from hypothesis import strategies as st

from medsynth.corpus.report import AUDIO_BUDGET, RejectExample, build_report
from medsynth.corpus.report_data import choose, read_facts
from medsynth.corpus.report_html import Html, esc, tag
from medsynth.corpus.report_svg import Range, Series, histogram, nice_step, ranges
from medsynth.records import REASONS, Reason

HOSTILE = (
    "</style></script><script>alert(1)</script><img src=x onerror=alert(1)> \"'` & \u202eevil\u2066 \x00"
)
TAGS = """html head meta link title style body header main footer nav section article div span p h1 h2
h3 h4 a b i strong small sup code mark bdi ol li dl dt dd table caption thead tbody tfoot tr th td
figure figcaption svg line rect text details summary blockquote audio"""
ALLOWED = set(TAGS.split())
VOID = {"meta", "link"}
ACTIVE_ATTRIBUTES = re.compile(r"on[a-z]+|srcdoc|formaction|action")


class Page(HTMLParser):
    """Checks nesting while parsing and keeps the elements, their attributes and the visible text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text: list[str] = []
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, name, attrs):
        self.elements.append((name, {k: v or "" for k, v in attrs}))
        if name not in VOID:
            self.open.append(name)

    def handle_endtag(self, name):
        assert self.open.pop() == name

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.text.append(data)

    def count(self, name: str, css: str | None = None) -> int:
        return sum(n == name and (css is None or css in a.get("class", "").split()) for n, a in self.elements)


def checked(page: str) -> Page:
    """Parse a report and assert what every report must be: closed, inert, and alone."""
    parsed = Page(page)
    page.encode("utf-8")
    ids = [a["id"] for _, a in parsed.elements if "id" in a]
    assert len(ids) == len(set(ids))
    for name, attributes in parsed.elements:
        assert name in ALLOWED, name
        for key, value in attributes.items():
            assert not ACTIVE_ATTRIBUTES.fullmatch(key), key
            if key in ("src", "href"):
                assert value.startswith(("data:", "#")), value
            if key == "style":
                assert re.fullmatch(r"(width:[\d.]+%|--v:[\d.]+)", value), value
    style = re.search(r"<style>(.*?)</style>", page, re.S)
    assert style
    assert not re.search(r"url\(|@import|https?:", style.group(1))
    assert "default-src 'none'" in page
    return parsed


@pytest.fixture(scope="module")
def rows() -> list[dict]:
    return [fake.dialogue(i, voiced=i % 5 != 0) for i in range(40)]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory, rows) -> Path:
    return fake.write_corpus(tmp_path_factory.mktemp("report") / "corpus", rows)


@pytest.fixture(scope="module")
def page(corpus) -> str:
    return build_report(corpus, [RejectExample("r2", "screen", "needs_image", "a picture", "See the photo.")])


def cells(page: str, row: str) -> list[str]:
    """Return the cells of the first table row that begins with `row`."""
    found = re.search(rf'<tr><th scope="row">{re.escape(row)}</th>(.*?)</tr>', page, re.S)
    assert found, row
    return [re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", found.group(1), re.S)]


def test_the_page_is_whole_inert_and_alone(page):
    parsed = checked(page)
    assert parsed.count("section") == 6
    assert "Not medical advice." in " ".join(parsed.text)


def test_the_same_corpus_gives_the_same_bytes(corpus, page):
    example = RejectExample("r2", "screen", "needs_image", "a picture", "See the photo.")
    assert build_report(corpus, [example]) == page


def test_the_funnel_adds_up(page):
    raw = int(cells(page, "raw records")[3])
    assert raw == 46
    left = raw
    for stage in ("ingest", "screen", "dedup", "split", "rewrite", "profile", "voice", "pack"):
        rejected, merged, failed, after = (int(c.replace("·", "0") or 0) for c in cells(page, stage)[:4])
        left -= rejected + merged + failed
        assert after == left
    assert left == 40
    assert cells(page, "forum")[0] == "18"
    assert cells(page, "forum")[-2] == "13"


def test_every_reject_has_its_meaning_and_its_example(page):
    for reason in ("empty_answer", "needs_image", "unspeakable", "malformed_row"):
        assert REASONS[Reason(reason)] in page
    assert "See the photo." in page
    assert "TimeoutError" in page
    assert "No example was kept." in page


def test_timings_are_shown_only_when_given(corpus, page):
    assert "records/s" not in page
    timed = build_report(corpus, timings={"screen": 2.0, "voice": 0.0})
    assert cells(timed, "screen")[-1] == "2.0 (22)"
    assert cells(timed, "dedup")[-1] == "–"
    checked(timed)


def test_coverage_counts_every_dialogue_once(page, rows):
    sums = [int(n) for n in re.findall(r'<td class="n sum">(\d+)</td></tr></tfoot>', page)]
    assert sums == [20, 20]
    assert page.count('class="n heat none"') > 0
    spoken = sum(int(n) for n in re.findall(r"<small>(\d+) spoken</small>", page))
    assert spoken == sum(bool(row["checks"]) for row in rows)


def test_a_dozen_varied_dialogues_with_players_that_hold_the_clips(page, rows):
    parsed = Page(page)
    assert parsed.count("article") == 12
    by_id = {row["id"]: row for row in rows}
    ids = re.findall(r"<article><h3><code>(d\d+)</code>", page)
    picked = [by_id[i] for i in ids]
    assert {row["lang"] for row in picked} == {"en", "zh"}
    assert {row["source"] for row in picked} == {"handbook", "forum", "clinic"}
    assert len({(row["patient"]["age_group"], row["patient"]["gender"]) for row in picked}) == 8
    clips = [a["src"] for name, a in parsed.elements if name == "audio"]
    assert len(clips) == sum(turn["audio"] is not None for row in picked for turn in row["turns"])
    data = base64.b64decode(clips[0].split(",", 1)[1])
    assert data == picked[0]["turns"][0]["audio"]["bytes"]
    assert sf.info(io.BytesIO(data)).samplerate == 16000


def test_spans_and_frames_are_told_apart_and_numbered_alike(corpus):
    page = build_report(corpus)
    article = page.split("<article>")[1]
    source, rewrite = article.split("<h4>Rewrite</h4>")
    marks = re.findall(r'<mark class="span">(.*?)<sup>(\d+)</sup></mark>', source)
    assert marks == re.findall(r'<mark class="span">(.*?)<sup>(\d+)</sup></mark>', rewrite)
    assert len(marks) == 3
    frame = re.findall(
        r'<mark title="frame onset.01" class="frame">|<mark class="frame"[^>]*>(.*?)</mark>', rewrite
    )
    assert frame[0] in fake.FRAME.values()
    assert "onset.01" in rewrite


def test_what_the_rewrite_leaves_out_is_grey(tmp_path):
    row = fake.dialogue(0)
    row["source_turns"][0]["text"] += " My dog is brown."
    page = build_report(fake.write_corpus(tmp_path / "c", [row]))
    assert '<span class="unused"> My dog is brown.</span>' in page


def test_a_rendered_piece_is_found_by_its_words(tmp_path):
    row = fake.dialogue(0)
    row["source_turns"][0]["text"] = "so, it began\n eleven days ago,, I think"
    row["turns"][0]["text"] = "It began eleven days ago."
    row["turns"][0]["origin"] = [{"turn": 0, "start": 4, "end": 31, "frame": None}]
    page = build_report(fake.write_corpus(tmp_path / "c", [row]))
    assert '<mark class="span">It began eleven days ago.<sup>1</sup></mark>' in page


def test_a_long_corpus_keeps_to_the_audio_budget(tmp_path):
    clip = b"fLaC" + bytes(300_000)
    rows = [fake.dialogue(i, clip=clip) for i in range(14)]
    page = build_report(fake.write_corpus(tmp_path / "c", rows))
    assert len(page.encode()) < 8_000_000
    sources = re.findall(r'src="data:audio/flac;base64,([^"]+)"', page)
    assert len(sources) == AUDIO_BUDGET // len(clip)
    assert "7 clips are not in this page" in page
    articles = page.split("<article>")[1:]
    assert all("<audio" in article for article in articles)


def hostile_row(row: dict) -> dict:
    """Return the row with every string made hostile, but for what keys other tables."""
    keep = {"lang", "split", "frame"}

    def poison(value, key=""):
        if isinstance(value, dict):
            return {k: poison(v, k) for k, v in value.items()}
        if isinstance(value, list):
            return [poison(v) for v in value]
        return HOSTILE if isinstance(value, str) and key not in keep else value

    return poison(row)


def test_hostile_text_in_every_field_stays_text(tmp_path):
    row = hostile_row(fake.dialogue(0))
    row["lang"] = HOSTILE
    row["turns"][0]["origin"] = [{"turn": 0, "start": 0, "end": len(HOSTILE), "frame": None}]
    bank = [{k: HOSTILE if isinstance(v, str) else v for k, v in s.items()} for s in fake.speakers()[:1]]
    ledger = [
        fake.line(HOSTILE, outcome, HOSTILE, HOSTILE, HOSTILE, source=HOSTILE)
        for outcome in ("rejected", "failed")
    ]
    info = fake.info_of([fake.dialogue(0)], HOSTILE) | {
        "versions": {HOSTILE: HOSTILE},
        "seed": HOSTILE,
        "frames": {HOSTILE: {HOSTILE: HOSTILE}},
    }
    corpus = fake.write_corpus(tmp_path / "c", [row], ledger, bank, info)
    example = RejectExample(*[HOSTILE] * 4, HOSTILE + "\ud800")
    page = build_report(corpus, [example], timings={HOSTILE: 1.0})
    parsed = checked(page)
    assert "alert(1)" in " ".join(parsed.text)
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00]", page)
    assert "⟨U+202E⟩" in page


def test_no_rejects(tmp_path, rows):
    page = build_report(fake.write_corpus(tmp_path / "c", rows[:3], ledger=[]))
    checked(page)
    assert "No record was rejected." in page


def test_one_dialogue_without_audio(tmp_path):
    row = fake.dialogue(1, voiced=False)
    page = build_report(fake.write_corpus(tmp_path / "c", [row], bank=[]))
    assert checked(page).count("audio") == 0
    assert "No dialogue carries a measurement of its pitch." in page


def test_missing_and_odd_measurements_are_left_out(tmp_path, rows):
    row = fake.dialogue(1)
    row["checks"] = [{"name": "f0_hz", "value": float("nan")}, {"name": "new_check", "value": 1.0}]
    row["patient"] = dict.fromkeys(row["patient"])
    page = build_report(fake.write_corpus(tmp_path / "c", [row]))
    checked(page)
    assert "No dialogue carries a measurement of its pitch." in page
    assert "unknown" in page


def test_an_empty_corpus(tmp_path):
    page = build_report(fake.write_corpus(tmp_path / "c", []))
    checked(page)
    assert "The corpus holds no dialogue." in page


def test_parts_of_a_split_record_are_not_counted_twice(tmp_path, rows):
    parts = [
        fake.line("p", "kept", "rewrite", into=["p-1"]),
        fake.line("p-1", "kept", "pack", parent="p", into=["p-1"]),
        fake.line("p-2", "rejected", "voice", "audio_check", parent="p"),
    ]
    page = build_report(fake.write_corpus(tmp_path / "c", rows[:2], ledger=parts))
    assert cells(page, "raw records")[3] == "3"
    assert cells(page, "pack")[3] == "3"
    assert "1 parts split off" in page


def test_a_missing_table_is_an_error(tmp_path, rows):
    corpus = fake.write_corpus(tmp_path / "c", rows[:1])
    (corpus / "ledger.parquet").unlink()
    with pytest.raises(FileNotFoundError):
        build_report(corpus)


def test_thousands_of_dialogues_in_seconds(tmp_path):
    base = [fake.dialogue(i, voiced=False) for i in range(24)]
    rows = [row | {"id": f"{n}-{row['id']}"} for n in range(100) for row in base]
    corpus = fake.write_corpus(tmp_path / "c", rows, ledger=[])
    assert read_facts(corpus).dialogues.height == 2400
    assert len(build_report(corpus)) < 200_000


def test_the_choice_does_not_depend_on_the_order_of_rows(corpus):
    dialogues = read_facts(corpus).dialogues
    assert choose(dialogues.reverse(), 12) == choose(dialogues, 12)
    assert choose(dialogues, 100) and len(choose(dialogues, 100)) == 40


@given(st.text())
def test_escaped_text_is_one_text_node(text):
    parsed = Page(tag("p", text, title=text))
    assert [name for name, _ in parsed.elements] == ["p"]
    esc(text).encode("utf-8")
    assert esc(esc(text)) == esc(text)
    assert isinstance(esc(text), Html)


@given(st.lists(st.floats(-1e6, 1e6), max_size=60), st.booleans())
def test_a_histogram_counts_every_value_and_parses(values, whole):
    numbers = [float(round(v)) for v in values] if whole else values
    svg = histogram([Series("a", numbers)], "x", "t", whole=whole)
    Page(svg)
    assert "nan" not in svg
    assert ("Nothing to show" in svg) == (not values)


@given(st.floats(1e-9, 1e9), st.integers(1, 40))
def test_nice_steps_cut_into_few_enough_bins(span, bins):
    step = nice_step(span, bins)
    assert step > 0
    assert span / step <= bins * (1 + 1e-9)


@given(st.lists(st.floats(0.1, 500), min_size=5, max_size=5))
def test_ranges_of_any_quantiles_parse(values):
    q = tuple(sorted(values))
    svg = ranges([Range("x", q, 3, (q[0], q[4])), Range("y", (q[2],) * 5, 1)], "Hz", "t", "Hz")
    Page(svg)
    assert "nan" not in svg
