"""The report: one page, counts that add up, nothing from outside, nothing from the data that acts."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import fake
import polars as pl
import pytest
import soundfile as sf
from hypothesis import given
from hypothesis import strategies as st

from medsynth.corpus import report
from medsynth.corpus.report import AUDIO_BUDGET, RejectExample, build_report
from medsynth.corpus.report_clusters import Cluster, largest_clusters
from medsynth.corpus.report_data import choose, read_facts, stratified
from medsynth.corpus.report_html import Html, esc, tag
from medsynth.corpus.report_svg import Range, Series, histogram, nice_step, ranges
from medsynth.records import REASONS, Reason

HOSTILE = (
    "</style></script><script>alert(1)</script><img src=x onerror=alert(1)> \"'` & \u202eevil\u2066 \x00"
)
TAGS = """html head meta link title style body header main footer nav section article div span p h1 h2
h3 h4 a b i strong small sup code mark bdi ol li dl dt dd table caption thead tbody tfoot tr th td
figure figcaption svg line rect text details summary audio del script"""
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
        if self.open and self.open[-1] not in ("style", "script"):
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
    policy = next(
        a["content"] for n, a in parsed.elements if a.get("http-equiv") == "Content-Security-Policy"
    )
    script = Path(report.__file__).with_name("templates").joinpath("report.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    directives = dict(d.strip().split(" ", 1) for d in policy.split(";"))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == f"'sha256-{digest}'"
    assert "connect-src" not in directives
    assert re.findall(r"<script>(.*?)</script>", page, re.S) == [script]
    assert parsed.count("script") == 1
    return parsed


EXAMPLES = (
    RejectExample("r2", "screen", "needs_image", "a picture", "See the photo."),
    RejectExample("r9", "dedup", "held_out", "bench set.csv: exam-14", "An item of the exam."),
    RejectExample("r3", "rewrite", "unspeakable", "turn of 91 words", "A sentence " + "and more " * 90),
    RejectExample("raw0", "dedup", "duplicate", "", "My knee aches."),
    RejectExample("r7", "dedup", "duplicate", "", "my KNEE aches"),
)


@pytest.fixture(scope="module")
def rows() -> list[dict]:
    return [fake.dialogue(i, voiced=i % 5 != 0) for i in range(40)]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory, rows) -> Path:
    return fake.write_corpus(tmp_path_factory.mktemp("report") / "corpus", rows)


@pytest.fixture(scope="module")
def page(corpus) -> str:
    return build_report(corpus, EXAMPLES)


def cells(page: str, row: str) -> list[str]:
    """Return the cells of the first table row that begins with `row`."""
    found = re.search(rf'<tr><th scope="row">{re.escape(row)}</th>(.*?)</tr>', page, re.S)
    assert found, row
    return [re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", found.group(1), re.S)]


def test_the_page_is_whole_inert_and_alone(page):
    parsed = checked(page)
    assert parsed.count("section") == 8
    ids = {a["id"] for _, a in parsed.elements if "id" in a}
    assert {a["href"][1:] for n, a in parsed.elements if n == "a"} <= ids
    assert "Not medical advice." in " ".join(parsed.text)


def test_the_same_corpus_gives_the_same_bytes(corpus, page):
    assert build_report(corpus, EXAMPLES) == page


def test_the_funnel_adds_up(page):
    raw = int(cells(page, "raw records")[3])
    assert raw == 49
    left = raw
    for stage in ("ingest", "screen", "dedup", "split", "rewrite", "profile", "voice", "pack"):
        rejected, merged, failed, after = (int(c.replace("·", "0") or 0) for c in cells(page, stage)[:4])
        left -= rejected + merged + failed
        assert after == left
    assert left == 40
    assert cells(page, "forum")[0] == "19"
    assert cells(page, "forum")[-2] == "13"


def test_the_bars_of_a_source_are_shares_of_its_raw_records(page):
    row = re.search(r'<tr><th scope="row">handbook</th>(.*?)</tr>', page, re.S).group(1)
    assert int(cells(page, "handbook")[0]) == 16
    assert [float(w) for w in re.findall(r"width:([\d.]+)%", row)][-1] == round(100 * 14 / 16, 1)


def test_every_reject_has_its_meaning_and_its_example(page):
    for reason in ("empty_answer", "needs_image", "unspeakable", "malformed_row"):
        assert REASONS[Reason(reason)] in page
    assert "See the photo." in page
    assert "TimeoutError" in page


def table_with(page: str, key: str) -> list[list[str]]:
    """Return the rows, as text, of the table that has a sortable column `key`."""
    table = next(t for t in re.findall(r"<table.*?</table>", page, re.S) if f'data-key="{key}"' in t)
    body = table.split("<tbody>")[1]
    rows = re.findall(r"<tr>(.*?)</tr>", body, re.S)
    return [
        [re.sub(r"<[^>]+>", "", c) for c in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", r, re.S)] for r in rows
    ]


def test_the_table_of_examples_has_a_row_each_with_its_source(page):
    rows = table_with(page, "detail")
    assert [row[:4] for row in rows] == [
        ["held_out", "dedup", "clinic", "r9"],
        ["needs_image", "screen", "forum", "r2"],
        ["unspeakable", "rewrite", "handbook", "r3"],
    ]
    assert rows[1][4:] == ["a picture", "See the photo."]
    assert page.count('data-pick=""') == 3


def test_rejects_are_counted_by_reason_and_source(page):
    table = page.split("Rejected records by reason and source")[1].split("</table>")[0]
    heads = re.findall(r"<th scope=\"col\">(.*?)</th>", table)
    assert heads == ["Reason", "forum", "clinic", "handbook", "all"]
    held_out = re.search(r"held_out</code></th>(.*?)</tr>", table).group(1)
    assert re.findall(r">(\d+)<", held_out) == ["0", "1", "0", "1"]


def test_clusters_name_the_kept_record_and_its_members(page):
    part = page.split('id="duplicates"')[1].split("</section>")[0]
    largest = part.split("<details")[1]
    assert "3 records: <code>raw0</code>" in largest
    assert [re.sub("<[^>]+>", "", row) for row in re.findall(r"<tr>(.*?)</tr>", largest, re.S)][1:] == [
        "raw0kepthandbookMy knee aches.",
        "r4merged: jaccard 0.91forum–",
        "r7mergedforummy KNEE aches",
    ]
    sizes = part.split("Sizes of the duplicate clusters")[1].split("</table>")[0]
    assert [cells(sizes, "2")[i] for i in (0, 2)] == ["1", "2"]
    assert [cells(sizes, "3")[i] for i in (0, 2)] == ["1", "3"]


def test_held_out_matches_name_file_row_and_record(page):
    assert table_with(page, "held-out-row") == [
        ["bench set.csv", "exam-14", "r9", "clinic", "An item of the exam."]
    ]
    assert cells(page, "bench set.csv")[:2] == ["1", "1"]


def test_the_largest_clusters_come_first_and_big_ones_are_cut():
    rows = [fake.line(f"m{i:02}", "merged", "dedup", "duplicate", into=["big"]) for i in range(30)]
    rows += [fake.line("n", "merged", "late", "duplicate", into=["small"])]
    found = largest_clusters(fake.ledger(rows))
    assert [(c.kept, c.size, c.stage) for c in found] == [("big", 31, "dedup"), ("small", 2, "late")]
    assert found[0].merged[0] == ("m00", "") and len(found[0].merged) == 8
    assert largest_clusters(fake.ledger(rows), 1) == found[:1]
    assert isinstance(found[0], Cluster)


def test_departments_are_crossed_with_profiles(page, rows):
    tables = page.split("Department by age group and gender of who is heard")[1:]
    assert len(tables) == 2
    counted = 0
    for part in tables:
        foot = part.split("<tfoot>")[1].split("</tfoot>")[0]
        counted += int(re.findall(r'class="n sum">(\d+)<', foot)[-1])
    assert counted == sum(row["department"] != "" for row in rows)
    assert "dialogues carry no department" in page


def test_pitch_stands_beside_what_the_speakers_should_have(page, rows):
    table = next(t for t in re.findall(r"<table.*?</table>", page, re.S) if "<caption>en: measured" in t)
    mine = [
        r for r in rows if r["checks"] and r["lang"] == "en" and r["patient"]["gender"] == "female"
        and r["patient"]["age_group"] == "adult"
    ]  # fmt: skip
    found = cells(table, "female adult")
    assert found[0] == str(len(mine)) and found[3] == "200"
    middle = sorted(r["checks"][0]["value"] for r in mine)
    assert min(middle) <= float(found[1].split("\u202f")[0]) <= max(middle)
    assert re.fullmatch(r"[+−]\d\.\d\u202fst", found[4])


def test_relaxations_and_repairs_are_summed_over_dialogues(tmp_path):
    rows = [fake.dialogue(i) for i in range(3)]
    rows[0]["notes"] = [
        {"name": "repairs", "value": "turn 0: attempt 2; turn 4: attempt 2; next voice instead of x"}
    ]
    rows[1]["notes"] = [{"name": "relaxed", "value": "age youth to adult"}]
    rows[2]["notes"] = [{"name": "relaxed", "value": "age youth to adult; accent en-GB to any"}]
    page = build_report(fake.write_corpus(tmp_path / "c", rows))
    assert cells(page, "attempt 2")[0] == "2"
    assert cells(page, "next voice")[0] == "1"
    assert cells(page, "age youth to adult")[0] == "2"
    assert cells(page, "accent en-GB to any")[0] == "1"
    assert "2 of 3 voiced dialogues" in page


def test_other_checks_than_the_unified_ones_are_not_taken_for_them(tmp_path):
    row = fake.dialogue(1)
    row["checks"] = [{"name": "voice.f0_hz_min", "value": 100.0}, {"name": "f0_hz_max", "value": 100.0}]
    page = build_report(fake.write_corpus(tmp_path / "c", [row]))
    assert "No dialogue carries a measurement of its pitch." in page


def test_timings_are_shown_only_when_given(corpus, page):
    assert "records/s" not in page
    timed = build_report(corpus, timings={"screen": 2.0, "voice": 0.0})
    assert cells(timed, "screen")[-1] == "2.0 (24)"
    assert cells(timed, "dedup")[-1] == "–"
    checked(timed)


def test_coverage_counts_every_dialogue_once(page, rows):
    by_accent = page.split("Accent by age group and gender of who is heard")[1:]
    feet = [part.split("</tfoot>")[0] for part in by_accent]
    assert [int(re.findall(r'class="n sum">(\d+)<', foot)[-1]) for foot in feet] == [20, 20]
    assert page.count('class="n heat none"') > 0
    spoken = sum(int(n) for n in re.findall(r"<small>(\d+) spoken</small>", page))
    assert spoken == sum(bool(row["checks"]) for row in rows)


def test_a_dozen_varied_dialogues_with_players_that_hold_the_clips(page, rows):
    parsed = Page(page)
    by_id = {row["id"]: row for row in rows}
    ids = re.findall(r"<article><h3><code>(d\d+)</code>", page)
    assert len(ids) == len(set(ids)) == 40
    ids = ids[:12]
    picked = [by_id[i] for i in ids]
    assert {row["lang"] for row in picked} == {"en", "zh"}
    assert {row["source"] for row in picked} == {"handbook", "forum", "clinic"}
    assert len({(row["patient"]["age_group"], row["patient"]["gender"]) for row in picked}) == 8
    clips = [a["src"] for name, a in parsed.elements if name == "audio"]
    assert len(clips) == sum(turn["audio"] is not None for row in picked for turn in row["turns"])
    data = base64.b64decode(clips[0].split(",", 1)[1])
    assert data == picked[0]["turns"][0]["audio"]["bytes"]
    assert sf.info(io.BytesIO(data)).samplerate == 16000


def marks(part: str) -> list[tuple[str, str, str]]:
    """Return (text, number, colour) of the marked spans of a piece of the page."""
    pattern = r'<mark class="span (k\d)" data-span="(\d+)">(.*?)<sup>'
    return [(text, number, colour) for colour, number, text in re.findall(pattern, part)]


def test_spans_and_frames_are_told_apart_and_numbered_alike(page):
    article = page.split("<article>")[1]
    source, rewrite = article.split("<h4>Rewrite</h4>")
    assert marks(source) == marks(rewrite)
    assert [number for _, number, _ in marks(source)] == ["1", "2", "3"]
    assert len({colour for _, _, colour in marks(source)}) == 3
    assert 'href="#d0-r2" id="d0-s2"' in source and 'href="#d0-s2" id="d0-r2"' in rewrite
    assert (
        re.search(r'<mark class="frame" title="frame onset.01">(.*?)</mark>', rewrite).group(1)
        in fake.FRAME.values()
    )


def test_what_the_rewrite_drops_is_struck_out_and_counted(tmp_path):
    row = fake.dialogue(0)
    row["source_turns"][0]["text"] += " My dog is brown."
    page = build_report(fake.write_corpus(tmp_path / "c", [row]))
    assert " <del>My dog is brown.</del>" in page
    shares = re.search(r"(\d+)\u202f% of the patient’s text, (\d+)\u202f% of the doctor’s text", page)
    asked = len(fake.QUESTION["en"].replace(" ", ""))
    assert (int(shares.group(1)), int(shares.group(2))) == (round(100 * asked / (asked + 13)), 100)


def test_a_source_used_in_another_order_or_twice_keeps_its_links(tmp_path):
    row = fake.dialogue(0)
    first, second = row["turns"][0]["origin"][0], row["turns"][2]["origin"][0]
    row["turns"][0]["origin"], row["turns"][2]["origin"] = [second], [first]
    row["turns"][0]["text"], row["turns"][2]["text"] = row["turns"][2]["text"], row["turns"][0]["text"]
    inner = {**row["turns"][3]["origin"][0], "end": 39}
    row["turns"].append({**row["turns"][3], "text": fake.ANSWER["en"][:39], "origin": [inner]})
    page = build_report(fake.write_corpus(tmp_path / "c", [row]))
    parsed = checked(page)
    source = page.split("<h4>Source</h4>")[1].split("<h4>Rewrite</h4>")[0]
    assert [number for _, number, _ in marks(source)] == ["2", "1", "4"]
    assert 'id="d0-s3">3</a>' in source
    ids = {a["id"] for _, a in parsed.elements if "id" in a}
    assert {a["href"][1:] for n, a in parsed.elements if n == "a"} <= ids


def test_a_rendered_piece_is_found_by_its_words(tmp_path):
    row = fake.dialogue(0)
    row["source_turns"][0]["text"] = "so, it began\n eleven days ago,, I think"
    row["turns"][0]["text"] = "It began eleven days ago."
    row["turns"][0]["origin"] = [{"turn": 0, "start": 4, "end": 31, "frame": None}]
    page = build_report(fake.write_corpus(tmp_path / "c", [row]))
    assert ("It began eleven days ago.", "1", "k1") in marks(page)


def test_a_piece_that_was_rendered_otherwise_takes_what_is_left(tmp_path):
    row = fake.dialogue(0)
    row["source_turns"][0]["text"] = "Since (about) May. I cough. And wheeze."
    row["turns"][0]["text"] = "Since, about, May. I cough."
    spans = [(0, 18), (19, 27)]
    row["turns"][0]["origin"] = [{"turn": 0, "start": a, "end": b, "frame": None} for a, b in spans]
    page = build_report(fake.write_corpus(tmp_path / "c", [row]))
    assert marks(page.split("<h4>Rewrite</h4>")[1])[:2] == [
        ("Since, about, May. ", "1", "k1"),
        ("I cough.", "2", "k2"),
    ]
    assert "<del>And wheeze.</del>" in page


def test_a_rewrite_without_origins_strikes_nothing_out(tmp_path):
    row = fake.dialogue(0)
    for turn in row["turns"]:
        turn["origin"] = []
    page = build_report(fake.write_corpus(tmp_path / "c", [row]))
    assert page.count("<del>") == 1  # the legend's
    assert fake.ANSWER["en"] in page


def test_an_endless_source_is_cut(tmp_path):
    row = fake.dialogue(0)
    row["source_turns"][0]["text"] = "word " * 400_000 + row["source_turns"][0]["text"]
    row["source_turns"] += [{"role": "doctor", "text": "ok"}] * 100_000
    row["turns"] += [row["turns"][1]] * 5000
    page = build_report(fake.write_corpus(tmp_path / "c", [row]))
    checked(page)
    assert len(page) < 150_000
    assert "more characters, not shown" in page
    assert "more turns of the source are not shown" in page
    assert "4\u202f884 more turns are not shown." in page


def test_a_long_corpus_keeps_to_the_audio_budget(tmp_path):
    clip = b"fLaC" + bytes(300_000)
    rows = [fake.dialogue(i, clip=clip) for i in range(14)]
    page = build_report(fake.write_corpus(tmp_path / "c", rows))
    assert len(page.encode()) < 8_000_000
    sources = re.findall(r'src="data:audio/flac;base64,([^"]+)"', page)
    assert len(sources) == AUDIO_BUDGET // len(clip)
    left_out = 2 * 12 - AUDIO_BUDGET // len(clip)
    assert f"{left_out} clips are not in this page" in page
    articles = page.split("<article>")[1:13]
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
    row["notes"] = [{"name": name, "value": HOSTILE} for name in ("relaxed", "repairs", HOSTILE)]
    row["turns"][0]["origin"] = [{"turn": 0, "start": 0, "end": len(HOSTILE), "frame": None}]
    bank = [{k: HOSTILE if isinstance(v, str) else v for k, v in s.items()} for s in fake.speakers()[:1]]
    ledger = [
        fake.line(HOSTILE, outcome, HOSTILE, HOSTILE, HOSTILE, source=HOSTILE)
        for outcome in ("rejected", "failed")
    ]
    ledger += [
        fake.line(HOSTILE + "2", "merged", HOSTILE, "duplicate", HOSTILE, source=HOSTILE, into=[HOSTILE]),
        fake.line(HOSTILE + "3", "rejected", HOSTILE, "held_out", HOSTILE, source=HOSTILE),
    ]
    info = fake.info_of([fake.dialogue(0)], HOSTILE) | {
        "versions": {HOSTILE: HOSTILE},
        "seed": HOSTILE,
        "frames": {HOSTILE: {HOSTILE: HOSTILE}},
    }
    rows = [row | {"id": f"{n}{HOSTILE}"} for n in range(14)]
    corpus = fake.write_corpus(tmp_path / "c", rows, ledger, bank, info)
    examples = [
        RejectExample(*[HOSTILE] * 4, HOSTILE + "\ud800"),
        RejectExample(HOSTILE, HOSTILE, "duplicate", "", HOSTILE),
    ]
    page = build_report(corpus, examples, timings={HOSTILE: 1.0})
    parsed = checked(page)
    assert "alert(1)" in " ".join(parsed.text)
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00]", page)
    assert "⟨U+202E⟩" in page


def test_no_rejects(tmp_path, rows):
    page = build_report(fake.write_corpus(tmp_path / "c", rows[:3], lines=[]))
    checked(page)
    assert "No record was rejected." in page


def test_one_dialogue_without_audio(tmp_path):
    row = fake.dialogue(1, voiced=False)
    page = build_report(fake.write_corpus(tmp_path / "c", [row], bank=[]))
    assert checked(page).count("audio") == 0
    assert "Relaxations" not in page
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
    page = build_report(fake.write_corpus(tmp_path / "c", rows[:2], lines=parts))
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
    ledger = [fake.line(f"r{i}", "rejected", "screen", "too_short", f"{i} words") for i in range(3000)]
    ledger += [fake.line("z", "rejected", "screen", "wrong_language", "question: zh")]
    corpus = fake.write_corpus(tmp_path / "c", rows, ledger)
    examples = [
        RejectExample(f"r{i}", "screen", "too_short", f"{i} words", "word " * 500) for i in range(3000)
    ]
    examples += [RejectExample("z", "screen", "wrong_language", "question: zh", "last in order")]
    assert read_facts(corpus).dialogues.height == 2400
    page = build_report(corpus, examples)
    assert page.count("<article>") == 112
    shown = table_with(page, "detail")
    assert len(shown) == 1200
    assert shown[-1][-1] == "last in order"
    assert "1\u202f801 more examples are not shown." in page
    assert len(page) < 3_500_000


def test_the_sample_keeps_to_its_budget(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "SAMPLE_BUDGET", 40_000)
    rows = [fake.dialogue(i, voiced=False) for i in range(80)]
    page = build_report(fake.write_corpus(tmp_path / "c", rows))
    sample = page.split('<section id="sample">')[1].split("</section>")[0]
    assert 0 < sample.count("<article>") < 68
    assert len(sample.encode()) < 41_000
    assert f"{sample.count('<article>')} more of the 80 dialogues" in sample


def test_the_sample_is_spread_over_strata_and_leaves_out_what_is_shown(corpus):
    dialogues = read_facts(corpus).dialogues
    shown = choose(dialogues, 12)
    sample = stratified(dialogues.reverse(), 12, without=shown)
    assert sample == stratified(dialogues, 12, without=shown)
    assert not set(sample) & set(shown)
    strata = dialogues.filter(dialogues["id"].is_in(sample)).group_by("lang", "source").len()["len"].to_list()
    assert strata == [2] * 6
    assert len(stratified(dialogues, 1000, without=shown)) == 28


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


def test_a_run_brings_examples_of_every_reason_and_source_and_of_its_clusters(demo_run):
    page = (demo_run / "corpus/report.html").read_text(encoding="utf-8")
    checked(page)
    assert len(page.encode()) < 8_000_000
    ledger = pl.read_parquet(demo_run / "corpus/ledger.parquet")
    rejected = ledger.filter(pl.col("outcome") == "rejected").select("reason", "source").unique()
    rows = table_with(page, "detail")
    assert {(row[0], row[2]) for row in rows} == set(rejected.iter_rows())
    assert not [row for row in rows if row[5] == "(no text)" and row[1] != "ingest"]
    clusters = page.split("<h3>Largest clusters</h3>")[1].split("<h3>")[0]
    for cluster in largest_clusters(ledger):
        for row_id in (cluster.kept, *(i for i, _ in cluster.merged)):
            row = re.search(rf'<code class="id">{row_id}</code>.*?</tr>', clusters, re.S)
            assert row and '<bdi class="quote">' in row.group()


USAGE = {
    "stage": "rewrite",
    "model": "<b>Some/Model</b>",
    "replies": 40,
    "prompt_tokens": 81_000,
    "completion_tokens": 20_000,
    "untold": 3,
    "seconds_per_reply": 1.5,
    "cut": 2,
    "retries": 5,
    "failed": {"timeout": 1},
    "cost": None,
    "currency": "",
}


def test_what_models_did_is_told_and_an_unknown_price_stays_unknown(tmp_path):
    rows = [fake.dialogue(i, voiced=False) for i in range(6)]
    for i, row in enumerate(rows):
        row["provenance"]["engine"] = "openai"
        row["checks"] += [
            {"name": "faithfulness", "value": 1.0 - 0.04 * i},
            {"name": "repairs", "value": float(i % 2)},
        ]
    info = fake.info_of(rows) | {
        "usage": [USAGE, USAGE | {"model": "priced", "cost": 1.25, "currency": "EUR"}]
    }
    page = Page(build_report(fake.write_corpus(tmp_path / "corpus", rows, info=info)))
    text = " ".join("".join(page.text).split())
    assert "<b>Some/Model</b>" in text and "81 000" in text.replace("\u202f", " ").replace("\u00a0", " ")
    assert "unknown" in text and "1.2500 EUR" in text
    assert "no token counts for 6 replies" in text
    assert any(attrs.get("id") == "models" for _, attrs in page.elements)


def test_without_models_there_is_no_such_section(tmp_path):
    rows = [fake.dialogue(i, voiced=False) for i in range(6)]
    page = Page(build_report(fake.write_corpus(tmp_path / "corpus", rows)))
    assert not any(
        attrs.get("id") == "models" or attrs.get("href") == "#models" for _, attrs in page.elements
    )
