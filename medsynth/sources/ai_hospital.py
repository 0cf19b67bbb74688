"""AI Hospital: simulated consultations in Chinese with an examiner as third voice, and the patient records."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from medsynth.records import Reason, Role
from medsynth.sources.base import Parsed, Row, RowError, Source, SourceConfig
from medsynth.sources.jsonio import json_rows, peek
from medsynth.sources.turns import (
    clean_meta,
    field,
    joined_turns,
    kind_of,
    native_id,
    stated_patient,
    text_of_value,
)

_END = "<结束>"
# Whom the patient's model speaks to, or whose reply it invents in the middle of its own turn.
_ADDRESS = re.compile(r"<(对医生[讲说]|对检查员[讲说]|检查员|Doctor|Reporter)>")
_PARAGRAPH = re.compile(r"\n(?:[ \t\r]*\n)+")
_TO_PATIENT = re.compile("您|抱歉")
_HISTORY = ("现病史", "既往史", "个人史")
_CONCLUSION = ("诊断结果", "初步诊断", "诊断依据", "诊治经过")
_GENDER = re.compile(r"性别[：:]\s?(男|女)")
_AGE = re.compile(r"年龄[：:]\s?([0-9]{1,3}(?:岁|个?月)?)")


class AIHospital(Source):
    """`dialog_history_*.jsonl` (one line a consultation) and `patients.json` (one record a case).

    In a dialogue the examiner's findings become what the patient brings back to the doctor; what else the
    examiner says to the patient, and the patient to the examiner, is left out. Whatever is made of one patient, by
    whichever model, shares a group. Of a case the history is the patient's turn and the conclusion the
    doctor's; `patients.json` was built from a description of the format.
    """

    name = "ai_hospital"
    description = (
        "AI Hospital: simulated consultations (dialog_history, JSON lines); cases (patients.json: untested)"
    )
    lang = "zh"
    kind = "consultation"
    licence = "MIT"
    citation = "Fan et al., AI Hospital, COLING 2025"

    def mismatch(self, path: Path, head: bytes) -> str:
        """Ask for dialog_history, or for medical_record."""
        records, why = peek(path, head)
        if why:
            return why
        fits = all("dialog_history" in record or "medical_record" in record for record in records)
        return "" if fits else "its records have neither dialog_history nor medical_record"

    def rows(self, path: Path, config: SourceConfig) -> Iterator[Row]:
        """Yield one row per consultation or case."""
        return json_rows(path, lambda record: native_id(record.get("patient_id", record.get("id"))))

    def parse(self, value: Any, config: SourceConfig) -> Parsed:
        """Read a consultation or a case, whichever the row is."""
        patient = native_id(value.get("patient_id", value.get("id")))
        return _case(value, patient) if "medical_record" in value else _dialogue(value, patient)


def _dialogue(value: dict[str, Any], patient: str | None) -> Parsed:
    history = field(value, "dialog_history")
    if not (isinstance(history, list) and all(isinstance(turn, dict) for turn in history)):
        raise RowError(Reason.MISSING_FIELD, "dialog_history is not a list of turns")
    said: list[tuple[Role, str]] = []
    count: Counter[str] = Counter()
    ended = False
    for number, turn in enumerate(history, start=1):
        text = text_of_value(field(turn, "content"), f"turn {number}")
        match turn.get("role"):
            case "Doctor":
                said.append(("doctor", text))
            case "Reporter":
                findings = _findings(text)
                count["reports" if findings else "reports_without_findings"] += 1
                said.append(("patient", findings))
            case "Patient":
                ended = ended or _END in text
                to_doctor, to_others = _by_address(text.replace(_END, ""))
                reported = number < len(history) and history[number].get("role") == "Reporter"
                if to_others and (to_doctor or reported):
                    count["asides_left_out"] += 1
                    said.append(("patient", to_doctor))
                else:
                    said.append(("patient", to_doctor or to_others))
            case _:
                raise RowError(Reason.MALFORMED_ROW, f"turn {number} is of none of the three roles")
    turns = joined_turns(said, "\n")
    if not turns:
        raise RowError(Reason.MISSING_FIELD, "nobody says anything")
    meta = {
        "doctor_engine": value.get("doctor_engine_name"),
        "patient_engine": value.get("patient_engine_name"),
        "end_mark": None if ended else "missing",
        **count,
    }
    return Parsed(turns=turns, group=patient, kind=kind_of(turns), meta=clean_meta(meta))


def _by_address(text: str) -> tuple[str, str]:
    """Return what a patient's turn says to the doctor, and the rest of it."""
    first, *tagged = _ADDRESS.split(text)
    to_doctor, to_others = [first.strip()], [""]
    for tag, piece in zip(tagged[::2], tagged[1::2], strict=True):
        (to_doctor if tag.startswith("对医生") else to_others).append(piece.strip())
    return "\n".join(filter(None, to_doctor)), "\n".join(filter(None, to_others))


def _findings(report: str) -> str:
    """Return an examiner's findings, under headings such as #辅助检查#, without what is said to the patient."""
    start = report.find("#")
    paragraphs = _PARAGRAPH.split(report[start:] if start >= 0 else "")
    return "\n".join(text.strip() for text in paragraphs if not _TO_PATIENT.search(text))


def _case(value: dict[str, Any], patient: str | None) -> Parsed:
    record = value["medical_record"]
    if not isinstance(record, dict):
        raise RowError(Reason.MISSING_FIELD, "medical_record is not an object")
    turns = joined_turns(
        [("patient", _sections(record, _HISTORY)), ("doctor", _sections(record, _CONCLUSION))], "\n"
    )
    if len(turns) < 2:
        raise RowError(Reason.MISSING_FIELD, "the case has no history, or no diagnosis")
    general = text_of_value(record.get("一般资料"), "一般资料")
    age, gender = _AGE.search(general), _GENDER.search(general)
    return Parsed(
        turns=turns,
        group=patient,
        kind="qa",
        meta={"shape": "case"},
        patient=stated_patient(age[1] if age else None, gender[1] if gender else None),
    )


def _sections(record: dict[str, Any], names: tuple[str, ...]) -> str:
    texts = {name: text_of_value(record.get(name), name).strip() for name in names}
    return "\n".join(f"{name}：{text}" for name, text in texts.items() if text)
