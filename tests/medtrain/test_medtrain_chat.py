"""`medtrain chat`: consultations by pipe and on a terminal, typed and by recordings, with a fitted model."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from conftest import sound

from medtrain.audio import read_speech
from medtrain.chat import Chat
from medtrain.decoding import Decoding
from medtrain.errors import UserError
from medtrain.notice import NOTICE
from medtrain.talk import Talker

LONGEST = 30 * 16000


class Screen:
    """Collects what a chat writes."""

    def __init__(self) -> None:
        self.text = ""

    def put(self, text: str) -> None:
        self.text += text

    def line(self, text: str) -> None:
        self.text += text + "\n"


@pytest.fixture(scope="module")
def talker(fitted) -> Talker:
    return Talker.load(fitted / "speech/model", "cpu")


def held(talker: Talker, *lines: str, how: Decoding = Decoding(12)) -> tuple[Chat, str]:
    """Hold a consultation and return it with what was on the screen."""
    screen = Screen()
    chat = Chat(talker, how, screen.put, screen.line)
    left = iter(lines)
    chat.hold(lambda: next(left, None))
    return chat, screen.text


def replies(screen: str) -> list[str]:
    return re.findall(r"^doctor: (.*)$", screen, re.MULTILINE)


def test_a_consultation_goes_on_from_what_was_said(talker):
    chat, screen = held(talker, "It hurts.", "", "Since Monday.")
    first = talker.reply([("patient", "It hurts.")], 12).text
    second = talker.reply(
        [("patient", "It hurts."), ("doctor", first), ("patient", "Since Monday.")], 12
    ).text
    assert [text for _, text in chat.turns] == ["It hurts.", first, "Since Monday.", second]
    assert "".join(replies(screen)) == (first + second).replace("\n", "")
    again, _ = held(talker, "Since Monday.")
    assert held(talker, "It hurts.", "/reset", "Since Monday.")[0].turns == again.turns


def test_a_seed_gives_the_same_consultation_and_every_reply_draws_anew(talker):
    lines = ("It hurts.", "It hurts.")
    how = Decoding(12, temperature=2.0, seed=5)
    chat, screen = held(talker, *lines, how=how)
    assert held(talker, *lines, how=how)[1] == screen
    assert held(talker, *lines, how=Decoding(12, 2.0, seed=6))[1] != screen
    assert chat.turns[1] != chat.turns[3]


@pytest.mark.parametrize("rate", [8000, 16000, 44100])
@pytest.mark.parametrize(("channels", "kind"), [(1, "wav"), (2, "flac")])
def test_a_recording_is_heard_in_any_rate(talker, tmp_path, rate, channels, kind):
    path = tmp_path / f"a clip.{kind}"
    tone = 0.3 * np.sin(np.arange(int(1.5 * rate)) * 2 * np.pi * 440 / rate)
    soundfile.write(path, np.stack([tone] * channels, 1), rate)
    samples = read_speech(path, LONGEST)
    assert (samples.dtype, samples.shape) == (np.float32, (24000,))
    expected = 0.3 * np.sin(np.arange(24000) * 2 * np.pi * 440 / 16000)
    assert np.abs(samples - expected)[400:-400].max() < 0.01
    chat, screen = held(talker, f'/wav "{path}"', f"/wav {path}")
    assert screen.count("(heard 1.5 s)") == len(replies(screen)) == 2
    assert isinstance(chat.turns[0][1], np.ndarray)


def test_one_quiet_channel_is_mixed_in(tmp_path):
    left = sound(1, 1.0)
    soundfile.write(tmp_path / "two.wav", np.stack([left, np.zeros_like(left)], 1), 16000, subtype="FLOAT")
    assert np.allclose(read_speech(tmp_path / "two.wav", LONGEST), left / 2, atol=1e-6)


def bad_clips(folder: Path) -> dict[str, str]:
    """Files that no model can hear, and what is said of them."""
    soundfile.write(folder / "silent.wav", np.zeros(16000), 16000)
    soundfile.write(folder / "long.wav", sound(1, 31.0), 16000)
    soundfile.write(folder / "short.flac", sound(1, 0.05), 16000)
    soundfile.write(folder / "nan.wav", np.full(16000, np.nan, np.float32), 16000, subtype="FLOAT")
    soundfile.write(folder / "many.wav", np.ones((16000, 9)) * 0.1, 16000)
    (folder / "text.wav").write_text("hello")
    return {
        "silent.wav": "silent",
        "long.wav": "lasts 31.00 s; the speech encoder takes 0.1 to 30 s",
        "short.flac": "lasts 0.05 s",
        "nan.wav": "no numbers",
        "many.wav": "9 channels",
        "text.wav": "not decodable",
        "nowhere.wav": "missing",
        ".": "is no file",
    }


def test_what_cannot_be_done_is_one_line_and_the_chat_goes_on(talker, tmp_path):
    told = bad_clips(tmp_path)
    lines = [f"/wav {tmp_path / name}" for name in told]
    chat, screen = held(talker, *lines, "/wav", "/wave x", "It hurts.", "/quit", "never read")
    errors = [line for line in screen.splitlines() if line.startswith("! ")]
    for error, words in zip(errors, [*told.values(), "/wav needs a file", "there is no /wave"], strict=True):
        assert words in error
    assert len(replies(screen)) == 1
    assert chat.turns[0] == ("patient", "It hurts.")


def test_a_cut_reply_says_so_and_a_full_context_too(talker, monkeypatch):
    how = Decoding(3, temperature=5.0, seed=1)
    chat, screen = held(talker, "It hurts.", how=how)
    assert "(cut at 3 tokens)" in screen
    room = len(talker.prompt([("patient", "It hurts.")]).ids) + 2
    monkeypatch.setattr(Talker, "context", room)
    assert "(cut at 2 tokens: the context is full)" in held(talker, "It hurts.", how=how)[1]
    chat, screen = held(talker, "It hurts. " * 9, "It hurts.", how=how)
    assert f"the model has places for {room}; /reset begins another" in screen
    assert len(chat.turns) == 2


def test_an_interrupt_stops_the_reply_and_a_second_one_the_chat(talker):
    screen = Screen()
    chat = Chat(talker, Decoding(300, temperature=5.0, seed=1), screen.put, screen.line)
    pieces: list[str] = []

    def out(text: str) -> None:
        screen.put(text)
        pieces.append(text)
        if len(pieces) == 4:
            chat.interrupt()
            with pytest.raises(KeyboardInterrupt):
                chat.interrupt()

    chat.out = out
    left = iter(["It hurts."])
    chat.hold(lambda: next(left, None))
    assert "(stopped)" in screen.text
    assert len(pieces) < 40
    assert chat.turns[-1] == ("doctor", "".join(pieces[1:-1]))
    with pytest.raises(KeyboardInterrupt):
        chat.interrupt()


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "medtrain", *map(str, arguments)]


def environment() -> dict[str, str]:
    root = str(Path(__file__).parents[2])
    return os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": root, "TERM": "dumb"}


def test_a_piped_consultation_with_the_newest_run(fitted, talker, tmp_path):
    """No folder is named: the newest of runs/ is taken. The notice stands before everything else."""
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs/mine").symlink_to(fitted)
    soundfile.write(tmp_path / "knee.wav", sound(4, 0.7), 22050)
    said = "/wav knee.wav\n\nIt hurts.\n/wav no.wav\n\xff\x1b[2J\n/quit\n".encode("latin-1")
    made = subprocess.run(
        command("chat", "--greedy", "--max-new-tokens", 9),
        input=said,
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        check=True,
    )
    screen = made.stdout.decode()
    assert screen.startswith(NOTICE)
    assert "mine, stage speech" in screen
    assert "patient: It hurts." in screen
    assert "! no.wav is missing" in screen
    assert "\x1b" not in screen
    first = talker.reply([("patient", tmp_path / "knee.wav")], 9).text
    assert f"doctor: {first}" in screen
    assert len(replies(screen)) == 3
    assert made.stderr == b""


def test_on_a_terminal_ctrl_c_stops_a_reply_then_the_chat(fitted):
    master, slave = pty.openpty()
    chat = subprocess.Popen(
        command("chat", fitted, "--temperature", 5, "--max-new-tokens", 350, "--seed", 1),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=environment(),
        start_new_session=True,
    )
    os.close(slave)
    seen = ""

    def until(words: str) -> None:
        nonlocal seen
        deadline = time.monotonic() + 60
        while words not in seen:
            assert time.monotonic() < deadline, seen
            seen += os.read(master, 4096).decode("utf-8", "replace")
        seen = seen[seen.index(words) + len(words) :]

    try:
        until("patient: ")
        os.write(master, b"It hurts.\n")
        until("doctor: ")
        chat.send_signal(signal.SIGINT)
        until("(stopped)")
        until("patient: ")
        os.write(master, b"/nothing\n")
        until("! there is no /nothing")
        until("patient: ")
        for _ in range(10):
            # input() waits for keys only a moment after its prompt; a Ctrl-C between the two it does not see.
            time.sleep(0.5)
            chat.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                assert chat.wait(5) == 0
                break
        assert chat.returncode == 0
    finally:
        chat.kill()
        chat.wait()
        os.close(master)


def test_without_a_model(tmp_path, monkeypatch):
    from medtrain.places import last_trained

    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="medtrain fit"):
        last_trained()
