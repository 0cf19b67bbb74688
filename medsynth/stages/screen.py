"""*screen*: raw text becomes clean text, and what cannot become a consultation is rejected by name.

Each turn is freed of markup, then of sentences that lean on a table, a link or a picture, then of personal
data. What is left is judged by the rules in the order of `_checks`; the first that fails gives the reason.
A request for harm with a safe answer is kept apart as kind `safety`; with another answer it is rejected.
Nothing of the raw text, meta values included, passes on: what is kept has been through the same cleaning.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from pydantic import Field

from medsynth.records import Outcome, RawQA, RawTurn, Reason, Rejected, Role, keep
from medsynth.stages.base import Stage, StageSettings
from medsynth.stages.screen_rules import Check, harm_check, medical_check
from medsynth.text.clean import clean, drop_urls, normalise
from medsynth.text.dependence import dependences, reads_unseen_report
from medsynth.text.language import identify
from medsynth.text.personal import CONTACT_KINDS, advertises, mentions_contacts, redaction
from medsynth.text.sentences import split_sentences
from medsynth.text.similarity import squeeze
from medsynth.text.spoken_names import names_said, without_names

_SAID = re.compile(r"[^\W_]")
_UNITS = re.compile(
    r"[\u3400-\u4dbf\u4e00-\u9fff]|[^\W_\u3400-\u4dbf\u4e00-\u9fff]+(?:['’.-][^\W_\u3400-\u4dbf\u4e00-\u9fff]+)*+"
)
_BIRTH_ASKED = re.compile(r"date of birth|when were you born|your birthday", re.I)
_ROLES: tuple[Role, Role] = ("patient", "doctor")
_SIDE = {"patient": "question", "doctor": "answer"}
# No prose has words this long on average (Latin words and numbers in Chinese count one each). Without the
# bound a "word" of any length would pass for a short text.
_WORD_CHARACTERS = {"en": 12, "zh": 4}
# Markup, links and repetition may blow a text up this much, and still be taken out.
_MARKUP_FACTOR = 8
_DEPENDENCE_REASON = {
    "image": Reason.NEEDS_IMAGE,
    "table": Reason.NEEDS_TABLE,
    "link": Reason.NEEDS_LINK,
}


class Lengths(StageSettings):
    """What a patient (`question`) and a doctor (`answer`) may say in all, in words (Han characters count one each)."""

    question_min: int = Field(ge=1)
    question_max: int = Field(ge=1)
    answer_min: int = Field(ge=1)
    answer_max: int = Field(ge=1)


def _default_lengths() -> dict[str, Lengths]:
    return {
        "en": Lengths(question_min=3, question_max=1500, answer_min=6, answer_max=2500),
        "zh": Lengths(question_min=4, question_max=2500, answer_min=10, answer_max=4000),
    }


class ScreenSettings(StageSettings):
    """Thresholds and switches of the rules.

    `lengths` is by language ("en" also serves languages that are not listed). `personal_data` "reject"
    rejects every record in which something was found; with "redact" only where contact data make up more
    than `contact_share` of a side's characters, or where a chat account or a practice is advertised.
    `keep_share` is the share of an answer that must be left when leaning sentences are taken out.
    `medical_words` is how many
    medical words a text of up to 200 words must have (weak ones count half), a longer one up to four times as
    many; 0 switches the rule off. Questions about registration, insurance, prices, food and care of the body
    belong to consultations and are no reason to reject. `check_harm` keeps requests for harm apart.
    """

    lengths: dict[str, Lengths] = Field(default_factory=_default_lengths)
    check_language: bool = True
    check_dependence: bool = True
    personal_data: Literal["redact", "reject"] = "redact"
    contact_share: float = Field(default=0.3, gt=0, le=1)
    keep_share: float = Field(default=0.4, ge=0, le=1)
    check_harm: bool = True
    medical_words: float = Field(default=0.5, ge=0)


@dataclass
class _Side:
    """All that one role says: the clean text, and what was found on the way."""

    raw: str = ""
    text: str = ""
    rests_on: str = ""
    leaning: dict[str, int] = field(default_factory=dict)
    normalised: int = 0
    contact: int = 0
    advertises: bool = False

    @cached_property
    def units(self) -> int:
        """Words, where a Han character is one."""
        return len(_UNITS.findall(self.text))

    @property
    def leans_on(self) -> str:
        """What the text rests on, else links where most of what leans does, else what is named first ("": nothing)."""
        others = [kind for kind in self.leaning if kind != "link"]
        links = self.leaning.get("link", 0)
        most = "link" if links > sum(self.leaning[kind] for kind in others) else next(iter(others), "")
        return self.rests_on or most

    @property
    def kept_share(self) -> float:
        """Share of the normalised text that does not lean on anything."""
        return 1 - sum(self.leaning.values()) / self.normalised if self.normalised else 1.0


class ScreenStage(Stage[RawQA]):
    """Cleans every turn and rejects, by name, what no consultation can be made of."""

    name = "screen"
    version = 4
    Settings = ScreenSettings
    settings: ScreenSettings

    def process(self, batch: Sequence[RawQA]) -> list[Outcome]:
        """Return the clean record or the reason against it, for each record in order."""
        return [self._outcome(record) for record in batch]

    def explain(self, record: RawQA) -> list[dict[str, Any]]:
        """Return every rule's verdict on a record: `rule`, `passed`, `reason`, `value`, `threshold`, `detail`."""
        checks = self._examine(record)[1]
        return [
            {
                "rule": c.rule,
                "passed": c.passed,
                "reason": "" if c.passed else c.reason.value,
                "value": c.value,
                "threshold": c.threshold,
                "detail": c.detail,
            }
            for c in checks
        ]

    def _outcome(self, record: RawQA) -> Outcome:
        screened, checks = self._examine(record)
        failed = next((c for c in checks if not c.passed), None)
        return Rejected(failed.reason, failed.detail) if failed else keep(screened)

    def _examine(self, record: RawQA) -> tuple[RawQA, list[Check]]:
        lang = "zh" if record.lang.lower().startswith("zh") else "en"
        bounded = _bounded(record, self._lengths(lang), lang)
        if not bounded.passed:  # cleaning takes a second for half a million characters
            return record, [bounded]
        sides = {role: _Side() for role in _ROLES}
        turns: list[RawTurn] = []
        redacted: dict[str, int] = {}
        dropped: dict[str, int] = {}
        names, birth_asked = frozenset[str](), False
        if lang == "en" and record.kind == "consultation":
            names = names_said(turn.text for turn in record.turns)
            birth_asked = any(_BIRTH_ASKED.search(t.text) for t in record.turns if t.role == "doctor")
        for turn in record.turns:
            text = self._turn(turn, lang, sides[turn.role], redacted, dropped, names, birth_asked)
            if not _SAID.search(text):
                continue
            if turns and turns[-1].role == turn.role:
                turns[-1] = RawTurn(role=turn.role, text=_join(turns[-1].text, text, lang))
            else:
                turns.append(RawTurn(role=turn.role, text=text))
        turns = [RawTurn(role=t.role, text=_said_once(t.text, dropped)) for t in turns]
        for role in _ROLES:
            sides[role].text = "\n".join(t.text for t in turns if t.role == role)
        said = (sides["patient"].text, sides["doctor"].text)
        if self.settings.check_dependence and reads_unseen_report(*said, lang):
            sides["doctor"].rests_on = "image"
        meta = {
            key: value for key, raw in record.meta.items() if (value := _clean_meta(raw, lang)) is not None
        }
        if redacted:
            meta["redacted"] = _tally(redacted)
        if dropped:
            meta["dropped"] = _tally(dropped)
        checks = self._checks(record, lang, sides, redacted)
        kind = record.kind
        if self.settings.check_harm:
            check, harm = harm_check(turns, lang)
            checks.append(check)
            if harm:
                kind, meta["harm"] = "safety", harm
        text, words = "\n".join(t.text for t in turns), sum(side.units for side in sides.values())
        judged = record.lang.split("-")[0].lower() in {"en", "zh"}
        checks.append(medical_check(kind, text, words, lang, self.settings.medical_words if judged else 0.0))
        return record.model_copy(update={"turns": tuple(turns), "meta": meta, "kind": kind}), checks

    def _turn(
        self,
        turn: RawTurn,
        lang: str,
        side: _Side,
        redacted: dict[str, int],
        dropped: dict[str, int],
        names: frozenset[str],
        birth_asked: bool,
    ) -> str:
        """Return the clean text of a turn; note on `side` and in the two tallies what was taken out."""
        side.raw += turn.text
        text = normal = normalise(turn.text, lang)
        side.normalised += len(text)
        if self.settings.check_dependence:
            text = self._without_leaning(text, lang, turn.role, side, dropped)
        result = redaction(text, lang, birth_asked)
        result.text, called = without_names(result.text, names)
        if called:
            result.counts["name"] = result.counts.get("name", 0) + called
        for kind, count in result.counts.items():
            redacted[kind] = redacted.get(kind, 0) + count
        side.advertises |= turn.role == "doctor" and lang == "zh" and advertises(text)
        if CONTACT_KINDS & result.counts.keys():
            side.contact += result.characters
            side.advertises |= turn.role == "doctor" and "account" in result.counts
            result.text = _without_contact_blocks(result.text, lang, dropped)
        # Normalised text without URLs is clean: most turns need no second pass.
        unchanged = result.text == normal and drop_urls(normal) == normal
        return normal if unchanged else clean(result.text, lang)

    def _without_leaning(self, text: str, lang: str, role: Role, side: _Side, dropped: dict[str, int]) -> str:
        """Take out the sentences that lean on something. A patient's picture or table cannot be taken out."""
        leaning = dependences(text, lang)
        for found in leaning:
            if found.rests or (role == "patient" and found.kind != "link"):
                side.rests_on = side.rests_on or found.kind
            side.leaning[found.kind] = side.leaning.get(found.kind, 0) + found.end - found.start
            dropped[found.kind] = dropped.get(found.kind, 0) + 1
        for found in reversed(leaning):
            text = text[: found.start].rstrip() + " " + text[found.end :].lstrip()
        return text.strip()

    def _lengths(self, lang: str) -> Lengths:
        lengths = self.settings.lengths
        return lengths.get(lang) or lengths.get("en") or _default_lengths()[lang]

    def _checks(
        self, record: RawQA, lang: str, sides: dict[Role, _Side], redacted: dict[str, int]
    ) -> list[Check]:
        """Return the verdicts in the order in which they are looked at."""
        settings = self.settings
        lengths = self._lengths(lang)
        checks = [_present(role, sides[role]) for role in _ROLES]
        checks.append(_personal(sides, redacted, settings))
        checks += [_says_something(role, sides[role]) for role in _ROLES]
        for role in _ROLES:
            checks += _language(record, role, sides[role].text) if settings.check_language else []
        for role in _ROLES:
            checks += _dependence(role, sides[role], lengths, settings.keep_share)
        for role in _ROLES:
            checks += _length(role, sides[role], lengths, lang)
        return checks


def _bounded(record: RawQA, lengths: Lengths, lang: str) -> Check:
    """Whether the raw text is worth cleaning: what is many times too long before cannot fit afterwards."""
    words = lengths.question_max + lengths.answer_max
    most = words * _WORD_CHARACTERS[lang] * _MARKUP_FACTOR
    size, turns = sum(len(turn.text) for turn in record.turns), len(record.turns)
    value, limit = f"{size} characters, {turns} turns", f"{most} characters, {words} turns"
    passed = size <= most and turns <= words
    return Check("size", Reason.TOO_LONG, passed, value, limit, f"before cleaning: {value} > {limit}")


def _present(role: Role, side: _Side) -> Check:
    empty = Reason.EMPTY_QUESTION if role == "patient" else Reason.EMPTY_ANSWER
    name, size = _SIDE[role], len(side.raw.strip())
    return Check(f"{name} present", empty, size > 0, str(size), "1 character", f"{name}: empty")


def _says_something(role: Role, side: _Side) -> Check:
    """Whether words are left. Where all was leaning on something, that is the reason, not markup."""
    name = _SIDE[role]
    said = bool(_SAID.search(side.text)) or bool(side.leans_on)
    detail = f"{name}: nothing but markup"
    return Check(f"{name} says something", Reason.MARKUP_ONLY, said, str(side.units), "1 word", detail)


def _language(record: RawQA, role: Role, text: str) -> list[Check]:
    declared = record.lang.split("-")[0].lower()
    if declared not in {"en", "zh"}:
        return []
    found = identify(text)
    detail = f"{_SIDE[role]}: {found}, declared {declared}"
    return [
        Check(
            f"{_SIDE[role]} language",
            Reason.WRONG_LANGUAGE,
            found in {declared, "unknown"},
            found,
            declared,
            detail,
        )
    ]


def _dependence(role: Role, side: _Side, lengths: Lengths, keep_share: float) -> list[Check]:
    if not side.leans_on:
        return [Check(f"{_SIDE[role]} stands alone", Reason.NEEDS_IMAGE, True, "0", "0")]
    least = lengths.question_min if role == "patient" else lengths.answer_min
    kind = side.leans_on
    enough = side.units >= least and side.kept_share >= keep_share
    value = f"{side.units} words, {side.kept_share:.2f} of the text"
    detail = f"{_SIDE[role]}: rests on it" if side.rests_on else f"{_SIDE[role]}: {value} left"
    return [
        Check(
            f"{_SIDE[role]} stands alone",
            _DEPENDENCE_REASON[kind],
            enough and not side.rests_on,
            value,
            f"{least} words, {keep_share:.2f}",
            detail,
        )
    ]


def _personal(sides: dict[Role, _Side], redacted: dict[str, int], settings: ScreenSettings) -> Check:
    if settings.personal_data == "reject":
        tally = _tally(redacted)
        return Check("personal data", Reason.PERSONAL_DATA, not redacted, tally, "none", tally)
    for role in _ROLES:
        side = sides[role]
        share = side.contact / max(1, side.normalised)
        if side.advertises or share > settings.contact_share:
            value = "advertises" if side.advertises else f"contact share {share:.2f}"
            detail = f"{_SIDE[role]}: {value}"
            return Check(
                "personal data", Reason.PERSONAL_DATA, False, value, str(settings.contact_share), detail
            )
    return Check("personal data", Reason.PERSONAL_DATA, True, _tally(redacted), str(settings.contact_share))


def _length(role: Role, side: _Side, lengths: Lengths, lang: str) -> list[Check]:
    name, units = _SIDE[role], side.units
    unit = "characters" if lang == "zh" else "words"
    least = lengths.question_min if role == "patient" else lengths.answer_min
    most = lengths.question_max if role == "patient" else lengths.answer_max
    size = max(units, len(side.text) // _WORD_CHARACTERS[lang])
    short, long = f"{name}: {units} {unit} < {least}", f"{name}: {size} {unit} > {most}"
    return [
        Check(f"{name} long enough", Reason.TOO_SHORT, units >= least, str(units), str(least), short),
        Check(f"{name} short enough", Reason.TOO_LONG, size <= most, str(size), str(most), long),
    ]


def _said_once(text: str, dropped: dict[str, int]) -> str:
    """Return the first half where the second repeats it but for punctuation: questions are often pasted twice."""
    middle, squeezed = len(text) // 2, squeeze(text)
    half = (len(squeezed) + 1) // 2
    if squeezed[:half].strip() != squeezed[half:]:
        return text
    for cut in range(middle + 2, max(7, middle - 3), -1):
        if squeeze(text[:cut]) == squeeze(text[cut:]) != "":
            dropped["repetition"] = dropped.get("repetition", 0) + 1
            return _said_once(text[:cut].rstrip(" ,;，；"), dropped)
    return text


def _without_contact_blocks(text: str, lang: str, dropped: dict[str, int]) -> str:
    """Drop sentences that are lists of contact data ("an address, a phone number, an e-mail address")."""
    pieces = []
    for start, end in split_sentences(text, lang):
        if mentions_contacts(text[start:end]) >= 2:
            dropped["contact"] = dropped.get("contact", 0) + 1
        else:
            pieces.append(text[start:end])
    return ("" if lang == "zh" else " ").join(pieces)


def _clean_meta(value: str, lang: str) -> str | None:
    """Return a meta value fit to pass on, or None: a value with personal data is not worth keeping."""
    language = lang if re.search("[\u4e00-\u9fff]", value) or lang == "en" else "en"
    text = clean(value, language)
    return None if not text or redaction(text, language).counts else text


def _join(first: str, second: str, lang: str) -> str:
    """Join two turns of one speaker as sentences."""
    if first[-1] not in '.!?。！？…,，;；:："”)）':
        first += "。" if lang == "zh" else "."
    return first + second if lang == "zh" else f"{first} {second}"


def _tally(counts: dict[str, int]) -> str:
    return ",".join(f"{kind}:{counts[kind]}" for kind in sorted(counts))
