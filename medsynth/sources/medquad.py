"""MedQuAD: one XML document per topic, several question–answer pairs in each."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from medsynth.records import Reason
from medsynth.sources.base import Parsed, Row, RowError, Source, SourceConfig
from medsynth.sources.files import open_bytes
from medsynth.sources.turns import clean_meta, make_turn, native_id

MAX_DOCUMENT = 64 * 1024 * 1024


class _Tree(ET.TreeBuilder):
    """Refuses a document type: entities, which can read files or grow without bound, need one."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise RowError(Reason.MALFORMED_ROW, "the document declares a DTD, which is refused")


class MedQuAD(Source):
    """A folder of XML documents, or one of them. Answers may be empty (removed by the publisher)."""

    name = "medquad"
    description = "MedQuAD: XML documents of question–answer pairs from US health institutes"
    lang = "en"
    kind = "qa"
    licence = "CC-BY-4.0"
    citation = "Ben Abacha and Demner-Fushman, BMC Bioinformatics 20:511, 2019"

    def mismatch(self, path: Path, head: bytes) -> str:
        """Ask for XML with a `QAPairs` element."""
        if not head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
            return "it is not XML"
        return "" if b"<QAPair" in head else "there is no <QAPairs> in its first 64 KiB"

    def rows(self, path: Path, config: SourceConfig) -> Iterator[Row]:
        """Yield the pairs of one document; one row with an error if it is not XML or has no pair."""
        try:
            root = _document(path)
        except RowError as error:
            yield Row(None, "document", error=error)
            return
        # One published file calls its root DiseaseFile and the id fid.
        document = {
            "id": native_id(root.get("id") or root.get("fid")) or path.stem,
            "collection": root.get("source", ""),
            "focus": root.findtext("Focus", ""),
        }
        number = 0
        for number, pair in enumerate(root.iter("QAPair"), start=1):
            question = pair.find("Question")
            qid = None if question is None else native_id(question.get("qid"))
            yield Row(qid or native_id(pair.get("pid")), f"QAPair {number}", (document, pair))
        if not number:
            detail = "the document has no question-answer pair"
            yield Row(document["id"], "document", error=RowError(Reason.MISSING_FIELD, detail))

    def parse(self, value: Any, config: SourceConfig) -> Parsed:
        """Make one question and its answer ("" where it is empty or missing) of a pair."""
        document, pair = value
        question, answer = pair.find("Question"), pair.find("Answer")
        if question is None:
            raise RowError(Reason.MISSING_FIELD, "the pair has no Question")
        meta = {
            "collection": document["collection"],
            "focus": document["focus"],
            "qtype": question.get("qtype", ""),
        }
        return Parsed(
            turns=(
                make_turn("patient", "".join(question.itertext())),
                make_turn("doctor", "" if answer is None else "".join(answer.itertext())),
            ),
            group=f"{document['collection']}-{document['id']}",
            meta=clean_meta(meta),
        )


def _document(path: Path) -> ET.Element:
    with open_bytes(path) as stream:
        content = stream.read(MAX_DOCUMENT + 1)
    if len(content) > MAX_DOCUMENT:
        raise RowError(Reason.MALFORMED_ROW, f"the document is larger than {MAX_DOCUMENT} bytes")
    parser = ET.XMLParser(target=_Tree())
    try:
        parser.feed(content)
        return parser.close()
    except ET.ParseError as error:
        line, column = error.position
        detail = f"not well-formed XML (line {line}, column {column + 1})"
        raise RowError(Reason.MALFORMED_ROW, detail) from error
    except (LookupError, ValueError) as error:
        raise RowError(Reason.BAD_ENCODING, "the XML declares an encoding that cannot be read") from error
