"""`medtrain chat`: a consultation in the terminal, typed or by recordings, with a fitted model.

A script can hold the consultation too: lines come from a pipe as well as from a terminal.
"""

from __future__ import annotations

import shlex
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from typing import Any

from medtrain.audio import read_speech
from medtrain.data import SAMPLE_RATE
from medtrain.decoding import Decoding, Listener
from medtrain.errors import UserError
from medtrain.fit import quiet
from medtrain.notice import NOTICE
from medtrain.talk import Asked, Said, Talker
from medtrain.trained import find_trained

HELP = """  type what the patient says, or
  /wav FILE   say it by a recording (wav, flac, mp3 …, any sampling rate)
  /reset      begin another consultation
  /quit       end (so do Ctrl-D and Ctrl-C; while a reply comes, Ctrl-C stops the reply)"""


@dataclass
class Chat:
    """A consultation: what was said so far, and how it goes on. `out` writes text as it is; `tell` a whole line."""

    talker: Talker
    how: Decoding
    out: Callable[[str], object]
    tell: Callable[[str], object]
    turns: list[tuple[str, Said]] = field(default_factory=list)
    _halt: Event = field(default_factory=Event)
    _talking: bool = False

    def hold(self, lines: Callable[[], str | None]) -> None:
        """Answer line after line, until there is none or /quit. An error is one line, and it goes on."""
        while (line := lines()) is not None:
            command, _, rest = line.strip().partition(" ")
            if command == "/quit":
                return
            if not command:
                continue
            try:
                self._take(command, rest, line.strip())
            except UserError as error:
                self.tell(f"! {error}")

    def interrupt(self) -> None:
        """Stop the reply that is coming; raise KeyboardInterrupt where none is, or it is being stopped already."""
        if not self._talking or self._halt.is_set():
            raise KeyboardInterrupt
        self._halt.set()

    def _take(self, command: str, rest: str, line: str) -> None:
        if command == "/help":
            self.tell(HELP)
        elif command == "/reset":
            self.turns.clear()
            self.tell("(a new consultation)")
        elif command == "/wav":
            samples = read_speech(_path(rest), self.talker.loaded.frontend.longest)
            self.tell(f"(heard {len(samples) / SAMPLE_RATE:.1f} s)")
            self._answer(samples)
        elif command.startswith("/"):
            raise UserError(f"there is no {command}; /help lists what there is")
        else:
            self._answer(line)

    def _answer(self, said: Said) -> None:
        """Let the model answer; a turn that it cannot answer is not kept."""
        turns = [*self.turns, ("patient", said)]
        prompt = self.talker.prompt(turns)
        room = self.talker.context - len(prompt.ids)
        if room < 1:
            raise UserError(
                f"the consultation is {len(prompt.ids)} tokens long, the model has places for "
                f"{self.talker.context}; /reset begins another"
            )
        # Every reply draws anew, and the same seed gives the same consultation.
        seed = (self.how.seed * 1_000_003 + len(turns)) % 2**63
        how = replace(self.how, seed=seed, max_new_tokens=min(room, self.how.max_new_tokens))
        self._halt.clear()
        self._talking = True
        try:
            self.out("doctor: ")
            reply = self.talker.replies([Asked(prompt, how, Listener(self.out, halt=self._halt))])[0]
        finally:
            self._talking = False
            self.out("\n")
        if reply.finish == "length":
            limit = f"{how.max_new_tokens} tokens"
            self.tell(f"(cut at {limit}{': the context is full' if how.max_new_tokens == room else ''})")
        elif reply.finish == "halted":
            self.tell("(stopped)")
        elif not reply.text.strip():
            self.tell("(no words)")
        if reply.text.strip():
            self.turns = [*turns, ("doctor", reply.text)]


def on_terminal(path: Path, how: Decoding) -> None:
    """Chat with the model of a path by standard input and output, which may be a terminal, a pipe or a file."""
    _put(f"{NOTICE}\n")
    quiet()
    trained = find_trained(path)
    typed = sys.stdin.isatty()
    chat = Chat(Talker(trained.load()), how, _put, lambda text: _put(f"{text}\n"))
    _put(f"{trained.name}" + (f", stage {trained.stage}" if trained.stage else "") + f"\n{HELP}\n")
    try:
        with _interrupts(chat.interrupt):
            chat.hold(_typed if typed else _piped)
    except KeyboardInterrupt:
        _put("\n")


def _typed() -> str | None:
    with suppress(ImportError):
        import readline  # noqa: F401 (gives input() a history, and arrow keys)
    try:
        return input("patient: ")
    except EOFError:
        _put("\n")
        return None
    except UnicodeDecodeError:
        return ""


def _piped() -> str | None:
    line = sys.stdin.buffer.readline().decode("utf-8", "replace")
    if not line:
        return None
    if line.strip():
        _put(f"patient: {line.strip()}\n")  # a terminal shows what is typed, a pipe does not
    return line


def _put(text: str) -> None:
    """Write at once. What would steer a terminal is left out: words of a model and of files are not to be trusted."""
    sys.stdout.write("".join(c if c.isprintable() or c in "\n\t" else " " for c in text))
    sys.stdout.flush()


@contextmanager
def _interrupts(act: Callable[[], None]) -> Iterator[None]:
    before: Any = signal.signal(signal.SIGINT, lambda number, frame: act())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _path(rest: str) -> Path:
    """Return the path of a /wav line, quoted or not."""
    try:
        words = shlex.split(rest)
    except ValueError:
        words = []
    text = words[0] if len(words) == 1 else rest.strip()
    if not text:
        raise UserError("/wav needs a file: /wav recording.wav")
    return Path(text).expanduser()
