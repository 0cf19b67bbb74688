"""A train config is checked whole, and its errors name file and field."""

from __future__ import annotations

from pathlib import Path

import pytest

from medtrain.config import differences, load_config, parse_config
from medtrain.errors import UserError

PIPELINES = Path(__file__).parents[2] / "pipelines"


@pytest.mark.parametrize("path", sorted(PIPELINES.glob("train-*.yaml")), ids=lambda p: p.stem)
def test_shipped_configs_are_valid(path):
    assert load_config(path).name == path.stem


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"speeech": {}}, "speeech: Extra"),
        ({"text": {"sets": []}}, "text.sets"),
        ({"text": {"sets": [{"modality": "sound"}]}}, "text.sets.0.modality"),
        ({"model": {"encoder": "x"}}, "encoder and llm come together"),
        ({"model": {"encoder": "x", "llm": "y", "whole": "z"}}, "either whole"),
        ({"data": {"context": 9000}}, "batch_tokens must be at least context"),
        ({"seed": -1}, "seed"),
    ],
)
def test_a_wrong_field_is_named(data, words):
    with pytest.raises(UserError, match=words):
        parse_config(data, "here.yaml")


def test_changes_reach_into_mappings_and_lists(tmp_path):
    file = tmp_path / "c.yaml"
    file.write_text("text: {sets: [{modality: text}]}")
    changes = ["text.optimizer.lr=3e-4", "text.sets.0.weight=2", "data.system=Be brief.", "speech.lora=null"]
    config = load_config(file, changes)
    assert (config.text.optimizer.lr, config.text.sets[0].weight) == (3e-4, 2.0)
    assert config.data.system == "Be brief."
    assert differences(config, load_config(file, changes[:2])) == ["data.system"]


@pytest.mark.parametrize("change", ["text", "text.sets.7.weight=1", "text.sets.x=1", "name.a=1", "=3"])
def test_a_change_that_leads_nowhere_is_told(tmp_path, change):
    file = tmp_path / "c.yaml"
    file.write_text("name: a\ntext: {sets: [{modality: text}]}")
    with pytest.raises(UserError, match="--set"):
        load_config(file, [change])


@pytest.mark.parametrize(
    ("content", "words"), [("a: [", "not YAML"), ("- 1", "no settings"), (None, "No such file")]
)
def test_a_file_that_is_no_config_is_told(tmp_path, content, words):
    file = tmp_path / "c.yaml"
    if content is not None:
        file.write_text(content)
    with pytest.raises(UserError, match=words):
        load_config(file)
