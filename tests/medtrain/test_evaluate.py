"""`medtrain eval`: its numbers beside a slow computation by hand, its intervals, and what it says when it cannot."""

from __future__ import annotations

import json
import shutil
from math import sqrt
from pathlib import Path
from statistics import NormalDist

import numpy as np
import polars as pl
import pytest
import torch
from conftest import TINY, dialogue, write_corpus
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from medtrain import checkpoint as disk
from medtrain.answers import normalise
from medtrain.bootstrap import expanded_tail, interval
from medtrain.cli import app
from medtrain.collate import Collator
from medtrain.config import TrainConfig, parse_config
from medtrain.data import Consultation, ParquetSource, decode, open_corpus
from medtrain.decoding import Reply
from medtrain.errors import UserError
from medtrain.evaluate import Options, evaluate
from medtrain.fit import fit
from medtrain.groups import cells
from medtrain.parts import Loaded, load_model
from medtrain.render import Line
from medtrain.run import collator_of
from medtrain.scoring import score
from medtrain.talk import Talker

STEPS = {"max_steps": 3, "eval_every": 10, "optimizer": {"lr": 0.01}}
# Enough text steps for some tokens to be right: the accuracies here are no zeros.
CONFIG = TINY | {
    "text": {**STEPS, "max_steps": 60, "epochs": 99},
    "speech": {**STEPS, "lora": {"rank": 2, "alpha": 4}},
}
CPU = torch.device("cpu")
VOICES = [("adult", "female", "en-US")] * 5 + [("adult", "male", "en-US"), ("elderly", "male", None)]
QUIET = Options(generate=0)


def hush(text: str) -> None:
    """Say nothing."""


def with_voices(corpus: Path) -> Path:
    """State who speaks in the test split, as the contract does; the last two dialogues have no profile."""
    file = next((corpus / "data").glob("test-*"))
    frame = pl.read_parquet(file)
    profiles = [dict(zip(("age_group", "gender", "accent"), v, strict=True)) for v in VOICES]
    column = pl.Series("patient", (profiles + [None] * len(frame))[: len(frame)])
    frame.with_columns(column).write_parquet(file)
    return corpus


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """A corpus with 9 test dialogues, of which the first 7 are voiced."""
    rows = [dialogue(i) for i in range(8)] + [dialogue(50 + i, split="validation") for i in range(2)]
    rows += [dialogue(100 + i, split="test", voiced=i < 7, rounds=1 + i % 3) for i in range(9)]
    return with_voices(write_corpus(tmp_path_factory.mktemp("data"), rows))


@pytest.fixture(scope="module")
def run(data, tmp_path_factory) -> Path:
    """A run of both stages, the second with LoRA."""
    torch.set_num_threads(1)
    out = tmp_path_factory.mktemp("run") / "run"
    assert fit(data, parse_config(CONFIG, "test"), out, ["text", "speech"])
    return out


@pytest.fixture(scope="module")
def results(run) -> dict:
    """The evaluation of that run."""
    return evaluate(run, options=Options(generate=3), say=hush)


def by_hand(loaded: Loaded, one: Consultation, speech: bool) -> tuple[float, int, int, int]:
    """Return loss, tokens right, tokens and wholly right replies of a dialogue: one forward pass, token by token."""
    model = loaded.model.eval()
    lines, clips = [], []
    for turn in one.turns:
        if speech and turn.clip is not None:
            clips.append(decode(turn.clip)[0])
            lines.append(Line(turn.role, audio=loaded.frontend.tokens(len(clips[-1]))))
        else:
            lines.append(Line(turn.role, turn.text))
    rendered = loaded.template.render(lines)
    with torch.no_grad():
        audio = model.audio_embeddings(**loaded.frontend(clips)) if clips else None
        embeds = model.embed(torch.tensor([rendered.ids]), audio)
        logits = model.llm(inputs_embeds=embeds).logits[0].double()
    loss, right, tokens, whole, good = 0.0, 0, 0, 0, True
    for at, token in enumerate(rendered.ids):
        if rendered.supervised[at]:
            loss -= logits[at - 1].log_softmax(-1)[token].item()
            hit = int(logits[at - 1].argmax()) == token
            right, tokens, good = right + hit, tokens + 1, good and hit
            if token in loaded.template.end_ids:
                whole, good = whole + good, True
    return loss, right, tokens, whole


def test_one_dialogue_equals_a_computation_by_hand(run, tmp_path):
    corpus = write_corpus(tmp_path / "c", [dialogue(7, split="test", rounds=2)])
    found = evaluate(run, corpus, QUIET, hush)["modalities"]
    one = ParquetSource(open_corpus(corpus), "test").read(0, 1)[0]
    loaded = load_model(run / "speech/model")
    for name in ("speech", "transcript", "text"):
        loss, right, tokens, whole = by_hand(loaded, one, name == "speech")
        assert (found[name]["tokens"], found[name]["replies"]) == (tokens, 2)
        assert found[name]["loss"]["value"] == pytest.approx(loss / tokens, rel=1e-5)
        assert found[name]["accuracy"]["value"] == pytest.approx(right / tokens)
        assert found[name]["whole_replies"]["value"] == pytest.approx(whole / 2)
        assert found[name]["loss"]["low"] is None  # one dialogue tells nothing about spread
    assert found["speech"]["loss"]["value"] != pytest.approx(found["transcript"]["loss"]["value"], rel=1e-4)


@pytest.mark.parametrize("pack", [True, False])
def test_every_reply_of_a_batch_equals_the_dialogue_alone(run, data, pack):
    settings = parse_config({**CONFIG, "data": {**TINY["data"], "pack": pack}}, "test")
    loaded = load_model(run / "speech/model")
    source = ParquetSource(open_corpus(data), "test")
    together, alone = (
        score(
            loaded, collator_of(settings, loaded), source, [0, 2, 3, 6], "speech", budget=b, device=CPU
        ).replies
        for b in (2000, 1)
    )
    assert list(alone) == [0, 2, 3, 6]
    assert together.keys() == alone.keys()
    for row, replies in alone.items():
        assert len(replies) == 1 + row % 3
        for a, b in zip(replies, together[row], strict=True):
            assert (a.right, a.tokens) == (b.right, b.tokens)
            assert a.loss == pytest.approx(b.loss, rel=1e-4)
        loss, right, tokens, _ = by_hand(loaded, source.read(row, 1)[0], True)
        assert sum(r.loss for r in replies) == pytest.approx(loss, rel=1e-4)
        assert (sum(r.right for r in replies), sum(r.tokens for r in replies)) == (right, tokens)


def test_the_gap_is_the_difference_of_the_same_dialogues(run, data, results):
    found = results["modalities"]
    assert min(found[m]["accuracy"]["value"] for m in found) > 0
    assert [found[m]["dialogues"] for m in ("speech", "transcript", "text")] == [7, 7, 9]
    assert found["speech"]["tokens"] == found["transcript"]["tokens"] < found["text"]["tokens"]
    for what in ("loss", "accuracy"):
        value = found["speech"][what]["value"] - found["transcript"][what]["value"]
        assert results["gap"][what]["value"] == pytest.approx(value)
        assert results["gap"][what]["low"] <= value <= results["gap"][what]["high"]
    # Paired: the difference spreads less than the two by themselves.
    width = {m: found[m]["loss"]["high"] - found[m]["loss"]["low"] for m in ("speech", "transcript")}
    gap = results["gap"]["loss"]
    assert gap["high"] - gap["low"] < width["speech"] + width["transcript"]


def test_without_any_sound_the_gap_is_nothing(run, monkeypatch):
    item = Collator.item
    monkeypatch.setattr(Collator, "item", lambda self, d, modality, draw=0: item(self, d, "text", draw))
    gap = evaluate(run, options=QUIET, say=hush)["gap"]
    assert gap["dialogues"] == 7
    for end in ("value", "low", "high"):
        assert gap["loss"][end] == pytest.approx(0, abs=1e-5)
        assert gap["accuracy"][end] == 0


def test_text_kept_compares_with_the_model_of_stage_text(run, results):
    kept = results["retention"]
    first = evaluate(run / "text", options=QUIET, say=hush)
    assert first["retention"] is None
    assert first["stage"] == "text"
    assert kept["before"] == first["modalities"]["text"]
    for what in ("loss", "accuracy"):
        after, before = results["modalities"]["text"][what], first["modalities"]["text"][what]
        assert kept[what]["value"] == pytest.approx(after["value"] - before["value"])
    share = results["modalities"]["text"]["accuracy"]["value"] / kept["before"]["accuracy"]["value"]
    assert kept["accuracy_share"]["value"] == pytest.approx(share)


def test_a_stage_a_model_and_a_checkpoint_are_the_same_model(run, data, results):
    best = disk.best(run / "speech/checkpoints")
    for path in (run / "speech", run / "speech/model", best):
        found = evaluate(path, options=QUIET, say=hush)
        assert found["modalities"]["speech"]["loss"]["value"] == pytest.approx(
            results["modalities"]["speech"]["loss"]["value"], rel=1e-5
        )
        assert found["corpus"]["trained_on"] is True
        assert (path / "eval/eval.json").is_file()
    assert disk.checkpoints(run / "speech/checkpoints")[-1] == best  # what was written there harms nothing


def test_a_model_folder_that_lies_in_no_run(run, data, results, tmp_path):
    shutil.copytree(run / "speech/model", tmp_path / "m")
    found = evaluate(tmp_path / "m", data, QUIET, hush)
    assert (found["stage"], found["corpus"]["trained_on"], found["retention"]) == (None, None, None)
    assert found["gap"]["loss"]["value"] == pytest.approx(results["gap"]["loss"]["value"], rel=1e-3)


def test_groups_hold_every_voiced_dialogue_once_and_small_ones_are_only_counted(results):
    groups = results["groups"]
    assert set(groups) == {"age_group", "gender", "accent", "age_group × gender × accent"}
    for one in groups.values():
        assert sum(cell["dialogues"] for cell in one.values()) == 7
        assert all(("gap" in cell) == (cell["dialogues"] >= 5) for cell in one.values())
    assert {name: cell["dialogues"] for name, cell in groups["age_group"].items()} == {
        "adult": 6,
        "elderly": 1,
    }
    assert groups["accent"]["unknown"] == {"dialogues": 1}
    assert groups["age_group × gender × accent"]["adult, female, en-US"]["gap"]["dialogues"] == 5


@pytest.mark.parametrize("width", [3, 4])
@given(data=st.data())
def test_cells_divide_the_dialogues(width, data):
    """Each attribute alone, who speaks, and, where it is known, who speaks where."""
    one = st.tuples(*[st.sampled_from(["a", "b", "c"])] * width)
    own = data.draw(st.lists(one, min_size=1, max_size=20))
    seen: dict[str, list[int]] = {}
    for grouping, name, places in cells(own):
        seen.setdefault(grouping, []).extend(places.tolist())
        if grouping.count("×") == width - 1:
            assert {own[place] for place in places} == {tuple(name.split(", "))}
    assert len(seen) == {3: 4, 4: 6}[width]
    assert all(sorted(places) == list(range(len(own))) for places in seen.values())


def test_the_same_seed_gives_the_same_numbers(run):
    def numbers(seed: int) -> dict:
        found = evaluate(run, options=Options(generate=2, seed=seed, limit=6), say=hush)
        said = found["answers"]["speech"]["samples"]
        keys = ("modalities", "gap", "retention", "groups")
        return {k: found[k] for k in keys} | {"said": [(a["id"], a["text"]) for a in said]}

    assert numbers(1) == numbers(1)
    assert numbers(1)["gap"] != numbers(2)["gap"]


@pytest.mark.parametrize("limit", [1, 4])
def test_a_limit_is_a_draw_of_each_modality(run, limit):
    found = evaluate(run, options=Options(limit=limit, generate=9), say=hush)
    assert {m: one["dialogues"] for m, one in found["modalities"].items()} == dict.fromkeys(
        ("speech", "transcript", "text"), limit
    )
    assert found["retention"]["dialogues"] == limit
    assert found["answers"]["speech"]["dialogues"] == limit


def test_answers_are_greedy_and_timed(run, data, results):
    talker = Talker.load(run / "speech/model", "cpu")
    source = ParquetSource(open_corpus(data), "test")
    rows = {d.id: d for d in source.read(0, 9)}
    assert set(results["answers"]) == {"speech", "transcript"}
    for name, said in results["answers"].items():
        places = {(s["id"], s["turn"]) for s in said["samples"]}
        ids = {s["id"] for s in said["samples"]}
        assert len(ids) == said["dialogues"] == 3
        doctors = {(i, at) for i in ids for at, t in enumerate(rows[i].turns) if t.role == "doctor"}
        assert places == doctors  # every reply
        assert len(places) == said["replies"] == len(said["samples"])
        audio = 0.0
        for sample in said["samples"]:
            turns = rows[sample["id"]].turns
            before, last = turns[: sample["turn"]], turns[sample["turn"]]
            assert (last.text, before[-1].text) == (sample["reference"], sample["asked"])
            heard = [t for t in before if name == "speech" and t.role == "patient"]
            prompt = [(t.role, t.clip if t in heard else t.text) for t in before]
            needed = len(talker.loaded.template.words(last.text))
            assert sample["needed"] == needed < sample["limit"]
            assert sample["tokens"] <= sample["limit"]
            alone = talker.reply(prompt, sample["limit"])
            assert (sample["text"], sample["ended"]) == (alone.text, alone.ended)
            if last is turns[-1]:
                audio += sum(t.duration_s for t in heard)
        assert {t["id"] for t in said["times"]} == ids
        assert all(0 < t["first_s"] <= t["total_s"] for t in said["times"])
        assert said["audio_s"] == pytest.approx(audio)
        total = sum(t["total_s"] for t in said["times"])
        assert said["real_time_factor"] == (pytest.approx(total / audio) if name == "speech" else None)
        hits = [s["text"].strip() == s["reference"].strip() for s in said["samples"]]
        assert said["exact"] == sum(hits) <= said["normalised"]
        assert said["limit_too_low"] == 0


def test_a_long_reply_can_match_and_a_low_limit_is_told(run, tmp_path, monkeypatch):
    """Whatever the length of the doctor's words: a model that knows them by heart matches all of them."""
    rows = [dialogue(i, split="test", rounds=2) for i in range(6)]
    for row in rows:
        row["turns"][1]["text"] = " ".join([row["turns"][1]["text"]] * 12)  # far more than 64 tokens
    corpus = with_voices(write_corpus(tmp_path / "c", rows))
    source = ParquetSource(open_corpus(corpus), "test")
    known: dict[tuple[int, ...], str] = {}
    prompt = Talker.prompt

    def remember(self, turns):
        made = prompt(self, turns)
        words = [said for _, said in turns]
        row = next(d for d in source.read(0, 9) if says(d, words))
        known[tuple(made.ids)] = row.turns[len(words)].text
        return made

    def says(d, words):
        return all(w in (t.text, t.clip) for w, t in zip(words, d.turns, strict=False))

    def by_heart(self, asked, began=None, **options):
        found = []
        for one in asked:
            ids = self.loaded.template.words(known[tuple(one.prompt.ids)])
            text = self.loaded.template.tokenizer.decode(ids[: one.how.max_new_tokens])
            ended = len(ids) < one.how.max_new_tokens
            found.append(Reply(text, len(ids), "end" if ended else "length", 0.1, 0.2))
        return found

    monkeypatch.setattr(Talker, "prompt", remember)
    monkeypatch.setattr(Talker, "replies", by_heart)
    found = evaluate(run, corpus, Options(), hush)
    for name in ("speech", "transcript"):
        said = found["answers"][name]
        assert (said["replies"], said["exact"], said["limit_too_low"]) == (12, 12, 0)
        assert found["answers_groups"]["gender"]["female"][name]["exact_share"]["value"] == 1.0
        assert max(s["needed"] for s in said["samples"]) > 64
    assert found["answers_gap"]["exact_share"]["value"] == 0.0
    assert found["answers_groups"]["gender"]["male"] == {"dialogues": 1}
    cut = evaluate(run, corpus, Options(max_new_tokens=64), hush)
    said = cut["answers"]["speech"]
    assert 0 < said["limit_too_low"] == 12 - said["exact"]
    half = said["exact_share"]
    assert half["value"] == said["exact"] / 12
    assert half["low"] <= half["value"] <= half["high"]
    text = (run / "eval/table.txt").read_text()
    assert f"{half['value']:.1%} [{half['low']:.1%}, {half['high']:.1%}]" in text
    assert f"{said['limit_too_low']} of the doctor's replies are longer than the limit" in text


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Take two tablets, after meals.", "take two tablets after meals", True),
        ("多喝水， 休息。", "多喝水休息", True),
        ("ＡＢＣ １２", "abc 12", True),
        ("Take 1.5 mg.", "Take 15 mg", False),
        ("Take 1.5 mg.", "Take 1 5 mg", False),
        ("2-3 times", "2 3 times", False),
        ("5%", "5", False),
        ("below 38°", "below 38", False),
        ("well-known", "well known", True),
        ("Take it.", "Take it not.", False),
    ],
)
def test_normalised_text_keeps_what_changes_the_meaning(one, other, same):
    assert (normalise(one) == normalise(other)) is same


@given(st.text(st.sampled_from("aB 1２.,-/:%°，。疼ﾊŉ\n½²")))
def test_normalising_twice_changes_nothing(text):
    assert normalise(normalise(text)) == normalise(text)


def test_an_interval_of_a_mean_is_what_theory_says():
    values = np.random.default_rng(5).normal(3.0, 2.0, 400)
    sums = np.stack([values, np.ones(400)], axis=1)
    found = interval(sums, lambda s: s[..., 0] / s[..., 1], 0)
    half = 1.96 * values.std() / 20
    assert found.value == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert found.high == pytest.approx(values.mean() + half, abs=0.1 * half)
    assert interval(sums, lambda s: s[..., 0] / s[..., 1], 0) == found
    assert interval(sums, lambda s: s[..., 0] / s[..., 1], 1) != found


# Student's quantiles as tables give them, at 4, 9 and 19 degrees of freedom.
@pytest.mark.parametrize(("count", "t"), [(5, 2.776), (10, 2.262), (20, 2.093), (10**6, 1.960)])
def test_intervals_of_few_dialogues_are_wider(count, t):
    cut = NormalDist().cdf(-t * sqrt(count / (count - 1)))
    assert expanded_tail(count) == pytest.approx(cut, rel=0.03)


def test_intervals_of_few_dialogues_hold_the_truth():
    rng = np.random.default_rng(2)
    held = 0
    for draw in range(200):
        sums = np.stack([rng.normal(3.0, 1.0, 6), np.ones(6)], axis=1)
        found = interval(sums, lambda s: s[..., 0] / s[..., 1], draw)
        held += found.low <= 3.0 <= found.high
    assert 0.9 <= held / 200 <= 0.99


def test_an_interval_of_a_ratio_counts_tokens_not_dialogues():
    sums = np.array([[1.0, 1.0], [0.0, 9.0]])
    assert interval(sums, lambda s: s[..., 0] / s[..., 1], 0).value == pytest.approx(0.1)
    assert interval(np.zeros((3, 2)), lambda s: s[..., 0] / s[..., 1], 0) is None
    alone = interval(sums[:1], lambda s: s[..., 0] / s[..., 1], 0)
    assert (alone.value, alone.low, alone.high) == (1.0, None, None)


def command(*arguments: object) -> tuple[int, str]:
    """Run the command line in this process; a user's error is what main() would print."""
    result = CliRunner().invoke(app, ["eval", *map(str, arguments)])
    if isinstance(result.exception, UserError):
        return 1, str(result.exception)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def test_the_command_writes_what_it_prints(run):
    shutil.rmtree(run / "eval", ignore_errors=True)
    code, text = command(run, "--generate", 2)
    assert code == 0, text
    assert "medical advice" in text
    assert (run / "eval/table.txt").read_text() in text
    found = json.loads((run / "eval/eval.json").read_text())
    assert f"{found['gap']['loss']['value']:+.3f}" in text
    assert text.count("  by transcript:") == 2
    last = [s["text"] for s in found["answers"]["transcript"]["samples"]][-1]
    assert text.rpartition("  by transcript:")[2].strip().startswith(" ".join(last.split())[:20])
    assert "(under 5 dialogues)" in text
    assert (run / "eval/figure.png").read_bytes().startswith(b"\x89PNG")


def test_a_split_without_voices(run, data, tmp_path):
    corpus = write_corpus(tmp_path / "c", [dialogue(i, voiced=False, split="test") for i in range(3)])
    code, text = command(run, "--corpus", corpus)
    assert (code, text.count("\n")) == (1, 0)
    assert "(test) holds no voiced dialogue" in text
    code, text = command(run, "--corpus", corpus, "--split", "train")
    assert "(train) holds no dialogue; name another with --split" in text
    code, text = command(run / "text", "--corpus", corpus, "--generate", 1)
    assert code == 0, text
    assert "nothing is said about speech" in text
    assert "by text:" in text


def test_no_such_run(run, data, tmp_path):
    assert "no such run; train one with: medtrain fit" in command(tmp_path / "nowhere")[1]
    assert "no training run, stage, checkpoint or model" in command(data)[1]
    assert "no stage, checkpoint or model of" in command(run / "base")[1]
    half = shutil.copytree(run, tmp_path / "half")
    shutil.rmtree(half / "speech/model")
    assert "holds no finished stage" in command(half / "speech")[1]
    shutil.rmtree(half / "text/model")
    assert "holds no finished stage yet" in command(half)[1]


def test_a_corpus_that_changed_since(tmp_path):
    settings: TrainConfig = parse_config(CONFIG, "test")
    rows = [dialogue(1), dialogue(2, split="test")]
    corpus = write_corpus(tmp_path / "c", rows)
    assert fit(corpus, settings, tmp_path / "run", ["text"])
    assert command(tmp_path / "run", "--generate", 0)[0] == 0
    write_corpus(corpus, [dialogue(3), dialogue(2, split="test")])
    code, text = command(tmp_path / "run", "--generate", 0)
    assert (code, text.count("\n")) == (1, 0)
    assert f"has changed since {tmp_path / 'run'} was trained" in text
    code, text = command(tmp_path / "run", "--generate", 0, "--corpus", corpus)
    assert code == 0, text
    assert "not the corpus that it was trained on" in text
    shutil.rmtree(corpus)
    assert "holds no corpus" in command(tmp_path / "run")[1]
    (tmp_path / "talk.json").write_text("[]")
    assert "has no splits" in command(tmp_path / "run", "--corpus", tmp_path / "talk.json")[1]


def test_a_bad_row_is_named_or_counted(run, tmp_path):
    rows = [dialogue(i, split="test") for i in range(4)]
    rows[1]["turns"][0]["audio"] = {"bytes": b"no sound", "path": "x"}
    rows[2]["turns"][1]["text"] = "word " * 600
    corpus = write_corpus(tmp_path / "c", rows)
    code, text = command(run, "--corpus", corpus)
    assert code == 1
    assert "d1: turn 0: not decodable" in text
    assert "--skip-bad" in text
    code, text = command(run, "--corpus", corpus, "--skip-bad", "--generate", 4)
    assert code == 0, text
    found = json.loads((run / "eval/eval.json").read_text())
    assert found["left_out"] == {"speech": {"bad audio": 1, "too long": 1}, "text": {"too long": 1}}
    assert [found["modalities"][m]["dialogues"] for m in ("speech", "transcript", "text")] == [2, 2, 3]
    assert "left out by speech: 1 bad audio, 1 too long" in text


def test_the_next_step_that_fit_names_works(data, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert fit(data, parse_config(CONFIG, "test"), Path("run"), ["text"])
    lines = capsys.readouterr().out.splitlines()
    step = next(line for line in lines if line.startswith("next: medtrain "))
    done = CliRunner().invoke(app, step.split()[2:])
    assert done.exit_code == 0, done.output
    step = next(line for line in done.output.splitlines() if line.startswith("next: medtrain "))
    assert step == "next: medtrain eval run"
    assert CliRunner().invoke(app, [*step.split()[2:], "--generate", "0"]).exit_code == 0
