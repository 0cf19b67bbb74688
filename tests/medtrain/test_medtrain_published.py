"""The published dataset format: the same supervised tokens as its own trainer has, but for that trainer's faults.

What its trainer supervises is written down in tests/bench/published_batches.py, which knows nothing of ours.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from conftest import flac, sound

from medtrain.collate import BadRow, Collator
from medtrain.data import Consultation, Utterance, decode
from medtrain.frontend import PackedFrontend
from medtrain.preset import train_tokenizer
from medtrain.render import Line, Template
from medtrain.sharegpt import ShareGPTSource
from tests.bench import published_batches as published

SYSTEM = "You are a doctor. Ask before you advise."
TOKENIZER = train_tokenizer(
    ["I have a headache. Since when? 头疼三天了，吃药了吗", SYSTEM, "<|im_start|>"], 340
)
TEMPLATE = Template(TOKENIZER, SYSTEM)
END = TEMPLATE.end_ids[0]
BREAK = TOKENIZER("\n", add_special_tokens=False)["input_ids"]

real = pytest.mark.skipif("MEDSYNTH_REAL_DATA" not in os.environ, reason="needs the real data")


def encode(text: str) -> list[int]:
    return TOKENIZER(text, add_special_tokens=False)["input_ids"]


def theirs(turns, spoken: bool = False) -> published.Example:
    clips = [sound(n, 0.5) if spoken and n % 2 == 0 else None for n in range(len(turns))]
    return published.example(list(zip(turns, clips, strict=True)), encode, TEMPLATE.audio_id, SYSTEM)


def collator() -> Collator:
    from transformers import WhisperFeatureExtractor

    return Collator(TEMPLATE, PackedFrontend(WhisperFeatureExtractor(), 5, 1500), context=4000)


def consultation(*turns: tuple[str, str]) -> Consultation:
    return Consultation("x", "en", "train", tuple(Utterance(role, text) for role, text in turns))


def kept(labels: list[int]) -> list[int]:
    return [label for label in labels if label != -100]


def without_breaks(labels: list[int]) -> list[int]:
    """Take the supervised line breaks after replies away, and no other supervised token."""
    labels = list(labels)
    for at, label in enumerate(labels):
        if label == END:
            assert labels[at + 1 : at + 1 + len(BREAK)] == BREAK
            labels[at + 1 : at + 1 + len(BREAK)] = [-100] * len(BREAK)
    return labels


@pytest.fixture(scope="module")
def example() -> list[dict]:
    path = Path(os.environ["MEDSYNTH_REAL_DATA"]) / "speechmed_example/train_s2t_example.json"
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def placed(example, tmp_path_factory) -> ShareGPTSource:
    """The published file where its own relative paths lead to wave files. It came without: these are noise."""
    folder = tmp_path_factory.mktemp("published")
    (folder / "train").mkdir()
    file = folder / "train" / "train_s2t_example.json"
    file.write_text(json.dumps(example, ensure_ascii=False), encoding="utf-8")
    for row in example:
        for number, turn in enumerate(row["conversations"]):
            if "speech" in turn:
                clip = file.parent / turn["speech"]
                clip.parent.mkdir(parents=True, exist_ok=True)
                soundfile.write(clip, sound(number, 0.4 + 0.1 * number), 16000)
    return ShareGPTSource(file)


@real
def test_the_published_example_is_read_whole(example, placed):
    assert [d.id for d in placed.read(0, 99)] == [row["idx"] for row in example]
    for row, dialogue in zip(example, placed.read(0, 99), strict=True):
        assert [t.text for t in dialogue.turns] == [turn["value"] for turn in row["conversations"]]
        assert [t.role for t in dialogue.turns] == ["patient", "doctor"] * (len(dialogue.turns) // 2)
        assert all((t.clip is not None) == (t.role == "patient") for t in dialogue.turns)


@real
def test_the_published_example_as_text_is_token_for_token_the_same(example, placed):
    """All ids are; of the labels, theirs have a line break more after each reply."""
    maker = collator()
    for row, dialogue in zip(example, placed.read(0, 99), strict=True):
        reference = theirs([turn["value"] for turn in row["conversations"]])
        ours = maker.item(dialogue, "text").rendered
        assert ours.ids == reference.ids
        assert ours.labels() != reference.labels
        assert ours.labels() == without_breaks(reference.labels)


@real
def test_the_published_example_as_speech_supervises_the_same(example, placed):
    """Audio tokens stand where theirs do; ours are as many as the clip is long."""
    maker = collator()
    for row, dialogue in zip(example, placed.read(0, 99), strict=True):
        reference = theirs([turn["value"] for turn in row["conversations"]], spoken=True)
        ours = maker.item(dialogue, "speech")
        labels = ours.rendered.labels()
        assert kept(labels) == kept(without_breaks(reference.labels))
        assert kept(labels) == kept(maker.item(dialogue, "text").rendered.labels())

        def outside(ids: list[int], marks: list[int]) -> list[tuple[int, int]]:
            return [
                (token, mark) for token, mark in zip(ids, marks, strict=True) if token != TEMPLATE.audio_id
            ]

        assert outside(ours.rendered.ids, labels) == outside(reference.ids, without_breaks(reference.labels))
        turns = len(dialogue.turns) // 2
        assert reference.ids.count(TEMPLATE.audio_id) == 300 * turns
        assert ours.rendered.ids.count(TEMPLATE.audio_id) == sum(
            maker.frontend.tokens(len(clip)) for clip in ours.clips
        )
        assert len(ours.clips) == turns


def test_fault_padding_is_supervised():
    """Theirs learns to end again and again where a row is filled up; ours fills with nothing to learn."""
    short, long = ["I hurt.", "Where?"], ["I have a headache.", "Since when? Have you a fever?"]
    made = published.batch([theirs(short), theirs(long)], END, None)
    filled = len(theirs(long).ids) - len(theirs(short).ids)
    assert filled > 0
    assert made.labels[0, -filled:].tolist() == made.ids[0, -filled:].tolist() == [END] * filled
    maker = collator()
    maker.pack = False
    pairs = [consultation(("patient", a), ("doctor", b)) for a, b in (short, long)]
    ours = maker.batch([maker.item(pair, "text") for pair in pairs])
    assert tuple(ours.inputs["labels"].shape) == tuple(made.labels.shape)
    assert ours.inputs["labels"][0, -filled:].tolist() == [-100] * filled
    for row, turns in zip(ours.inputs["labels"].tolist(), (short, long), strict=True):
        assert kept(row) == kept(without_breaks(theirs(turns).labels))


def test_fault_roles_go_by_parity():
    """Where the doctor speaks first, theirs supervises the patient."""
    said = ["How can I help?", "I have a headache.", "Since when?"]
    assert kept(without_breaks(theirs(said).labels)) == [*encode(said[1]), END]
    roles = ("doctor", "patient", "doctor")
    ours = collator().item(consultation(*zip(roles, said, strict=True)), "text").rendered
    assert kept(ours.labels()) == [*encode(said[0]), END, *encode(said[2]), END]


def test_fault_words_that_look_like_marks_are_read_as_marks():
    said = ["What ends a turn?", "It is <|im_end|> that ends it."]
    assert kept(theirs(said).labels).count(END) == 2
    ours = collator().item(consultation(("patient", said[0]), ("doctor", said[1])), "text").rendered
    assert kept(ours.labels()) == [*TEMPLATE.words(said[1]), END]
    assert kept(ours.labels()).count(END) == 1


def test_fault_a_window_is_30_s_whatever_was_said(tmp_path):
    """Theirs pads a short clip with silence to 300 tokens, and cuts what lasts longer; ours refuses that."""
    extractor = collator().frontend.extractor
    turns = [("a", sound(1, 0.5)), ("b", None), ("c", sound(2, 31.0)), ("d", None)]
    made = published.batch([published.example(turns, encode, TEMPLATE.audio_id)], END, extractor)
    assert tuple(made.mel.shape) == (2, 80, 3000)
    cut = extractor(sound(2, 31.0)[:480_000], sampling_rate=16000, return_tensors="pt")["input_features"]
    assert torch.equal(made.mel[1], cut[0])
    assert int((made.ids == TEMPLATE.audio_id).sum()) == 600
    front = collator().frontend
    assert front.tokens(8000) == 5
    soundfile.write(tmp_path / "long.wav", turns[2][1], 16000)
    long = Consultation(
        "x", "en", "train", (Utterance("patient", "c", tmp_path / "long.wav"), Utterance("doctor", "d"))
    )
    with pytest.raises(BadRow, match=r"lasts 31\.0 s"):
        collator().item(long, "speech")


def test_fault_a_batch_is_spoken_or_not_by_its_first_dialogue(tmp_path):
    """Theirs drops the speech of a spoken dialogue beside a written one; in ours they mix."""
    extractor = collator().frontend.extractor
    spoken = published.example([("a", sound(1, 0.5)), ("b", None)], encode, TEMPLATE.audio_id)
    lost = published.batch([theirs(["x", "y"]), spoken], END, extractor)
    assert lost.mel is None
    assert int((lost.ids == TEMPLATE.audio_id).sum()) == 300
    soundfile.write(tmp_path / "a.wav", sound(1, 0.5), 16000)
    heard = Consultation(
        "s", "en", "train", (Utterance("patient", "a", tmp_path / "a.wav"), Utterance("doctor", "b"))
    )
    maker = collator()
    ours = maker.batch(
        [maker.item(consultation(("patient", "x"), ("doctor", "y")), "text"), maker.item(heard, "speech")]
    )
    assert ours.audio_s == pytest.approx(0.5)
    assert len(ours.inputs["audio_index"]) == int((ours.inputs["input_ids"] == TEMPLATE.audio_id).sum()) == 5


def test_fault_a_dialogue_half_spoken_ends_the_run(tmp_path):
    """Theirs looks for speech in every even turn once the first has it; ours reads the turn instead."""
    half = [("a", sound(1, 0.5)), ("b", None), ("I hurt.", None), ("d", None)]
    with pytest.raises(KeyError):
        published.example(half, encode, TEMPLATE.audio_id)
    soundfile.write(tmp_path / "a.wav", np.asarray(half[0][1]), 16000)
    turns = [
        Utterance(("patient", "doctor")[n % 2], text, tmp_path / "a.wav" if n == 0 else None)
        for n, (text, _) in enumerate(half)
    ]
    item = collator().item(Consultation("x", "en", "train", tuple(turns)), "speech")
    expected = TEMPLATE.render(
        [Line("patient", audio=5), Line("doctor", "b"), Line("patient", "I hurt."), Line("doctor", "d")]
    )
    assert item.rendered == expected


def test_on_a_full_window_the_published_batch_is_ours(loaded):
    """Where nothing is padded, tests/bench/bench_train.py times the same computation in both arms."""
    clip = flac(sound(1, 30.0))
    template = loaded.template
    made = published.batch(
        [
            published.example(
                [("a", decode(clip)[0]), ("Where?", None)],
                lambda text: template.tokenizer(text, add_special_tokens=False)["input_ids"],
                template.audio_id,
            )
        ],
        template.end_ids[0],
        loaded.extractor,
    )
    maker = Collator(template, loaded.frontend, context=400)
    turns = (Utterance("patient", "a", clip, 30.0), Utterance("doctor", "Where?"))
    ours = maker.batch([maker.item(Consultation("x", "en", "train", turns), "speech")]).inputs
    assert torch.equal(ours["input_ids"], made.ids)
    assert torch.equal(ours["mel"][:, :, :3000], made.mel)  # a gap follows
    with torch.no_grad():
        expected = loaded.model(**{**ours, "labels": made.labels}, num_items_in_batch=1).loss
        assert published.loss(loaded.model, made).item() == pytest.approx(expected.item(), rel=1e-5)
