"""Batches: one dialogue alone is what it is among others; nothing is cut; bad rows are named."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile
import torch
from conftest import dialogue, flac, sound, write_corpus
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medtrain.collate import BadRow, Collator
from medtrain.data import Consultation, Utterance, open_source
from medtrain.errors import UserError
from medtrain.sampling import index_set

CLIP = flac(sound(9, 0.2))


def collator(loaded, **options) -> Collator:
    return Collator(loaded.template, loaded.frontend, **{"context": 400, **options})


def rows(tmp_path, *dialogues):
    return open_source(write_corpus(tmp_path, list(dialogues))).read(0, 99)


def losses(model, batch) -> torch.Tensor:
    """Log-probability of every supervised token, in the order of the rows."""
    labels = batch.inputs["labels"][:, 1:]
    with torch.no_grad():
        logits = model(**batch.inputs).logits
    return -torch.nn.functional.cross_entropy(logits, labels[labels != -100], reduction="none")


def mixed_items(loaded, source, maker):
    modalities = ["speech", "text", "mixed", "speech", "text", "speech", "mixed", "speech"]
    return [
        maker.item(d, m, draw) for draw, (d, m) in enumerate(zip(source.read(0, 8), modalities, strict=True))
    ]


@pytest.mark.parametrize("layout", [{"pack": True}, {"pack": False}, {"pack": True, "one_row": True}])
def test_a_batch_is_what_each_dialogue_is_alone(loaded, corpus, layout):
    """Speech, text and mixed dialogues together, packed or padded: the same to 1e-5."""
    maker = collator(loaded, **layout)
    items = mixed_items(loaded, open_source(corpus), maker)
    assert {len(item.clips) > 0 for item in items} == {True, False}
    batch = maker.batch(items)
    assert len(batch.inputs["input_ids"]) < len(items) or not layout["pack"]
    together = losses(loaded.model, batch)
    by_id = {item.id: losses(loaded.model, maker.batch([item])) for item in items}
    alone = torch.cat([by_id[name] for name in batch.ids])
    assert torch.allclose(together, alone, atol=1e-5)
    assert batch.supervised == len(alone) == sum(sum(item.rendered.supervised) for item in items)
    assert batch.tokens == sum(len(item.rendered.ids) for item in items)


words = st.text("ab 头.,\n'<|im_end>", min_size=1, max_size=12).filter(str.strip)
spoken = st.lists(st.tuples(words, words, st.booleans()), min_size=1, max_size=4)


@pytest.mark.parametrize("layout", [{"pack": True}, {"pack": False}, {"pack": True, "one_row": True}])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(spoken, st.sampled_from(["speech", "text", "mixed"])), min_size=1, max_size=5))
def test_every_supervised_place_of_a_batch_is_a_doctors(loaded, layout, talks):
    """In random dialogues of any modality, however they are laid out; and each follows the token before it."""
    maker, template = collator(loaded, **layout), loaded.template
    items = []
    for number, (rounds, modality) in enumerate(talks):
        turns = [
            turn
            for patient, doctor, heard in rounds
            for turn in (
                Utterance("patient", patient, CLIP if heard else None, 0.2),
                Utterance("doctor", doctor, CLIP, 0.2),
            )
        ]
        items.append(maker.item(Consultation(str(number), "en", "train", tuple(turns)), modality, number))
    batch = maker.batch(items)
    ids, labels = batch.inputs["input_ids"], batch.inputs["labels"]
    at = labels != -100
    assert torch.equal(ids[at], labels[at])
    by_id = {str(n): [doctor for _, doctor, _ in rounds] for n, (rounds, _) in enumerate(talks)}
    expected = [
        t
        for name in batch.ids
        for doctor in by_id[name]
        for t in (*template.words(doctor), *template.end_ids)
    ]
    assert labels[at].tolist() == expected
    assert batch.supervised == len(expected)
    assert not at[:, 0].any()  # the first place of a row is nobody's next token


@pytest.mark.parametrize("samples", [1600, 8000, 8159, 16000, 16161])
def test_a_clip_is_the_same_whatever_lies_beside_it(loaded, samples):
    clip, other = sound(1, 2)[:samples], sound(2, 0.7)
    front, model = loaded.frontend, loaded.model
    with torch.no_grad():
        alone = model.audio_embeddings(**front([clip]))
        beside = model.audio_embeddings(**front([other, clip, other]))
    at = front.tokens(len(other))
    assert len(alone) == front.tokens(samples)
    assert torch.allclose(alone, beside[at : at + len(alone)], atol=1e-5)


def test_padding_changes_nothing(loaded, corpus):
    maker = collator(loaded)
    batch = maker.batch([maker.item(open_source(corpus).read(1, 1)[0], "speech")])
    plain = losses(loaded.model, batch)
    inputs = batch.inputs
    inputs["input_ids"] = torch.nn.functional.pad(inputs["input_ids"], (0, 9), value=loaded.template.pad_id)
    inputs["labels"] = torch.nn.functional.pad(inputs["labels"], (0, 9), value=-100)
    inputs["position_ids"] = torch.cat([inputs["position_ids"], torch.arange(9)[None]], dim=1)
    inputs["mel"] = torch.nn.functional.pad(inputs["mel"], (0, 14))
    inputs["segments"] = torch.nn.functional.pad(inputs["segments"], (0, 14))
    if len(inputs["mel"]) == 1:  # frame numbers count through the rows
        assert torch.allclose(losses(loaded.model, batch), plain, atol=1e-5)
    else:
        width = inputs["segments"].shape[1] // 2
        index = inputs["audio_index"]
        inputs["audio_index"] = torch.where(index < 0, index, index + index // (width - 7) * 7)
        assert torch.allclose(losses(loaded.model, batch), plain, atol=1e-5)


def test_the_twin_of_a_spoken_batch_is_its_text(loaded, corpus):
    maker = collator(loaded, twins=True)
    items = mixed_items(loaded, open_source(corpus), maker)
    batch = maker.batch(items)
    labels = batch.inputs["labels"]
    twin = batch.twin["labels"]
    assert torch.equal(labels[labels != -100][batch.spoken], twin[twin != -100])
    spoken = [item for item in items if item.clips]
    assert len(batch.spoken) == sum(sum(item.rendered.supervised) for item in spoken)
    assert not (batch.twin["input_ids"] == loaded.template.audio_id).any()


def test_the_doctor_is_never_heard(loaded, tmp_path):
    row = dialogue(1, rounds=2)
    for turn in row["turns"]:
        turn["audio"], turn["duration_s"] = {"bytes": flac(sound(5, 0.5)), "path": "x"}, 0.5
    item = collator(loaded).item(rows(tmp_path, row)[0], "speech")
    assert len(item.clips) == 2
    assert len(item.transcripts) == 2


def broken(clip: bytes | None = None, seconds: float | None = 0.5, **turn) -> dict:
    row = dialogue(1, rounds=2)
    row["turns"][2]["audio"] = {"bytes": clip if clip is not None else flac(sound(5, 0.5)), "path": "x"}
    row["turns"][2]["duration_s"] = seconds
    row["turns"][2].update(turn)
    return {**row, "id": "bad"}


BAD = {
    "corrupt": (broken(b"no audio"), "not decodable"),
    "torn": (broken(flac(sound(5, 0.5))[:600]), "turn 2"),
    "silent": (broken(flac(np.zeros(8000))), "silent"),
    "other rate": (broken(flac(sound(5, 0.5), 8000), 1.0), "8000 Hz"),
    "shorter than stated": (broken(seconds=2.0), "lasts 0.500 s, stated 2.0"),
    "no duration": (broken(seconds=None), "no stated duration"),
    "too long": (broken(flac(sound(5, 30.1)), 30.1), "speech encoder takes 30 s"),
    "too short": (broken(flac(sound(5, 0.05)), 0.05), "lasts 0.050 s"),
    "empty turn": (broken(audio=None, text=" "), "turn 2 is empty"),
    "longer than the context": (broken(text="word " * 500, audio=None), "the context is 400"),
    "unknown role": (broken(role="nurse"), "nurse"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_row_is_an_error_that_names_it_or_a_counted_skip(loaded, tmp_path, case):
    from medtrain.loader import steps
    from medtrain.sampling import Sampler

    row, words = BAD[case]
    source = open_source(write_corpus(tmp_path, [dialogue(2), row]))

    def walk(maker):
        sets = [index_set(source, "speech", 1.0, maker)]
        sampler = Sampler(sets, 0, 2, 400, pack=True)
        stream = steps(sampler, maker, sampler.start, window=2, batches_per_step=1, workers=0)
        batches = [next(stream).batches[0] for _ in range(4)]
        return sets[0], batches

    with pytest.raises(UserError) as error:
        walk(collator(loaded))
    assert words in str(error.value)
    assert "bad" in str(error.value)
    assert str(tmp_path) in str(error.value)
    indexed, batches = walk(collator(loaded, skip=True))
    assert {name for batch in batches for name in batch.ids} == {"d2"}
    assert sum(indexed.skipped.values()) + sum(len(batch.skipped) for batch in batches) > 0


def test_every_row_skipped_leaves_a_batch_of_nothing(loaded, tmp_path):
    from medtrain.collate import void_batch

    batch = void_batch(loaded.template)
    out = loaded.model(**batch.inputs)
    assert out.loss.item() == 0.0
    with pytest.raises(BadRow):
        collator(loaded).item(rows(tmp_path, broken(b"x"))[0], "speech")


def test_sharegpt_with_wave_files(loaded, tmp_path):
    soundfile.write(tmp_path / "a.wav", sound(1, 0.5), 16000)
    said = [
        {"from": "human", "value": "It hurts.", "speech": "a.wav"},
        {"from": "assistant", "value": "Where?"},
        {"from": "user", "value": "Here."},
        {"from": "gpt", "value": "I see."},
    ]
    file = tmp_path / "talk.json"
    file.write_text(json.dumps([{"idx": "x-1", "conversations": said}]))
    source = open_source(file)
    maker = collator(loaded)
    assert index_set(source, "speech", 1.0, maker).rows.tolist() == [0]
    item = maker.item(source.read(0, 1)[0], "speech")
    assert (item.id, len(item.clips), len(item.clips[0])) == ("x-1", 1, 8000)
    (tmp_path / "a.wav").unlink()
    with pytest.raises(UserError, match=r"x-1: turn 0: .*a\.wav"):
        index_set(source, "speech", 1.0, maker)
    file.write_text(json.dumps([{"conversations": [{"from": "nurse", "value": "x"}]}]))
    with pytest.raises(UserError, match="row 0"):
        open_source(file)
