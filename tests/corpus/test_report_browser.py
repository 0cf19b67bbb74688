"""The report in a real browser: it draws, sorts, filters, lights up, plays, and breaks no policy of its own."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import fake
import pytest

from medsynth.corpus.report import RejectExample, build_report

pytestmark = pytest.mark.browser

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--mute-audio",
    "--enable-logging=stderr",
    "--v=0",
)
HOSTILE = "<img src=x onerror=alert(1)><script>document.title='taken'</script>"
EXAMPLES = (
    RejectExample("r1", "screen", "empty_answer", "2 left over", "My ear rings."),
    RejectExample("r2", "screen", "needs_image", "3 pictures", f"See the photo. {HOSTILE}"),
    RejectExample("r3", "rewrite", "unspeakable", "1 long turn", "A long turn. " * 40),
)


@pytest.fixture(scope="module")
def chromium() -> str:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("no Chromium: looked for chromium, chromium-browser and google-chrome")
    return found


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("browser")
    rows = [fake.dialogue(i, voiced=i % 5 != 0) for i in range(30)]
    rows[3]["source_turns"][0]["text"] += HOSTILE
    page = folder / "report.html"
    page.write_text(build_report(fake.write_corpus(folder / "corpus", rows), EXAMPLES), encoding="utf-8")
    return page


@pytest.fixture
def browse(chromium, tmp_path):
    """Return a function that opens a page and gives what the browser printed: (document, console lines)."""

    def run(url: str, *flags: str) -> tuple[str, list[str]]:
        command = [chromium, *FLAGS, f"--user-data-dir={tmp_path / 'user'}", *flags, url]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        return result.stdout, [line for line in result.stderr.splitlines() if "CONSOLE" in line]

    return run


def pixels(png: bytes) -> tuple[int, int, int]:
    """Return width, height, and how many different rows of pixels an 8-bit PNG has (filters left on)."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    at, data, size = 8, b"", (0, 0)
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        kind, body = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        size = struct.unpack(">II", body[:8]) if kind == b"IHDR" else size
        data += body if kind == b"IDAT" else b""
        at += 12 + length
    raw = zlib.decompress(data)
    stride = len(raw) // size[1]
    return *size, len({raw[i : i + stride] for i in range(0, len(raw), stride)})


def shown(document: str, key: str) -> list[str]:
    """Return the first cells of the rows, hidden ones left out, of the table that can be sorted by `key`."""
    table = next(t for t in re.findall(r"<table.*?</table>", document, re.S) if f'data-key="{key}"' in t)
    rows = re.findall(r"<tr([^>]*)><th scope=\"row\">(.*?)</th>", table, re.S)
    return [re.sub(r"<[^>]+>", "", cell) for attributes, cell in rows if "hidden" not in attributes]


def test_it_draws(browse, report, tmp_path):
    picture = tmp_path / "report.png"
    _, console = browse(report.as_uri(), f"--screenshot={picture}", "--window-size=1280,2400")
    width, height, rows = pixels(picture.read_bytes())
    assert (width, height) == (1280, 2400)
    assert rows > 400
    assert console == []


def test_rows_are_sorted_and_filtered_as_the_address_asks(browse, report):
    document, console = browse(f"{report.as_uri()}#sort=detail", "--dump-dom")
    assert console == []
    assert shown(document, "detail") == ["unspeakable", "empty_answer", "needs_image"]
    assert '<th scope="col" data-key="detail" aria-sort="ascending">' in document
    document, console = browse(f"{report.as_uri()}#sort=-reason&filter=PHOTO", "--dump-dom")
    assert console == []
    assert shown(document, "detail") == ["needs_image"]
    assert "1 of 3 shown" in document


def test_it_reads_well_without_its_script(browse, report, tmp_path):
    page = tmp_path / "still.html"
    text = re.sub(r"<script>.*?</script>", "", report.read_text(encoding="utf-8"), flags=re.S)
    page.write_text(text, encoding="utf-8")
    document, console = browse(page.as_uri(), "--dump-dom")
    assert console == []
    assert shown(document, "detail") == ["empty_answer", "needs_image", "unspeakable"]
    assert not re.search("<(button|input|select)", document)


def test_what_the_data_holds_does_not_run(browse, report):
    document, console = browse(report.as_uri(), "--dump-dom")
    assert console == []
    assert "<title>walks – corpus report</title>" in document
    assert html.escape(HOSTILE, quote=False) in document


def test_the_policy_stops_another_script_and_any_request(browse, report, tmp_path):
    page = tmp_path / "damaged.html"
    extra = "<script>document.title='taken'</script><img src='http://127.0.0.1:9/x.png' alt=''></body>"
    page.write_text(report.read_text(encoding="utf-8").replace("</body>", extra), encoding="utf-8")
    document, console = browse(page.as_uri(), "--dump-dom")
    assert "<title>taken" not in document
    assert sum("Content Security Policy" in line for line in console) == 2


PROBE = """
const wait = (audio) => new Promise((done) => {
  audio.addEventListener("loadedmetadata", () => done(audio.duration));
  audio.addEventListener("error", () => done("error"));
  audio.preload = "metadata";
  audio.load();
});
(async () => {
  const head = document.querySelector('th[data-key="text"]');
  head.querySelector("button").click();
  const up = head.getAttribute("aria-sort");
  head.querySelector("button").click();
  const select = document.querySelector("#rejects .filter select");
  select.value = "unspeakable";
  select.dispatchEvent(new Event("input", { bubbles: true }));
  const span = document.querySelector(".rewrite mark.span");
  span.dispatchEvent(new MouseEvent("mouseover", { bubbles: true }));
  const lit = [...document.querySelectorAll(".lit")].map((m) => m.dataset.span);
  span.querySelector("a").focus();
  const focused = document.querySelectorAll(".lit").length;
  document.body.dispatchEvent(new MouseEvent("mouseover", { bubbles: true }));
  const players = [...document.querySelectorAll("audio")].slice(0, 4);
  document.title = JSON.stringify({
    up, down: head.getAttribute("aria-sort"), lit, focused, unlit: document.querySelectorAll(".lit").length,
    counted: document.querySelector("#rejects output").value,
    wide: document.documentElement.scrollWidth - innerWidth,
    seconds: await Promise.all(players.map(wait)),
  });
})();
"""


def test_it_answers_to_clicks_and_its_players_load(browse, report, tmp_path):
    """A script that only this test adds, let in by its hash, uses the page as a reader would."""
    digest = base64.b64encode(hashlib.sha256(PROBE.encode()).digest()).decode()
    page = tmp_path / "probed.html"
    text = report.read_text(encoding="utf-8").replace("script-src ", f"script-src 'sha256-{digest}' ", 1)
    page.write_text(text.replace("</body>", f"<script>{PROBE}</script></body>"), encoding="utf-8")
    document, console = browse(
        page.as_uri(), "--dump-dom", "--virtual-time-budget=8000", "--window-size=500,900"
    )
    assert console == []
    found = json.loads(html.unescape(re.search(r"<title>(.*?)</title>", document).group(1)))
    assert (found["up"], found["down"]) == ("ascending", "descending")
    assert found["counted"] == "1 of 3 shown"
    assert (found["lit"], found["focused"], found["unlit"]) == (["1", "1"], 2, 0)
    assert found["wide"] <= 0
    assert len(found["seconds"]) == 4
    assert all(isinstance(s, float | int) and 0.9 < s < 6 for s in found["seconds"])
