"""The model card, and the table of what each stage changed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from medtrain.config import TrainConfig
from medtrain.report import validations


def model_card(
    config: TrainConfig,
    corpus: Path,
    stage: str,
    step: int,
    steps: int,
    folder: Path,
    left_out: Sequence[str] = (),
) -> str:
    """Return the card (Markdown) of a stage's model. `left_out` says which rows it could not learn from."""
    parts = config.model
    if parts.whole:
        origin = f"`{parts.whole}`"
    elif parts.llm:
        origin = f"the encoder of `{parts.encoder}` and `{parts.llm}`"
    else:
        origin = "nothing: a tiny preset with random weights and a tokenizer trained on the corpus"
    learnt = [config.text] if stage == "text" or (folder.parent / "text" / "model").is_dir() else []
    learnt += [config.speech] if stage == "speech" else []
    paths = dict.fromkeys(Path(s.path) if s.path else corpus for one in learnt for s in one.sets)
    looks = validations(folder / "metrics.jsonl")
    table = (
        results_table({stage: {"before": looks[0], "after": looks[step]}}) if step in looks else "None taken."
    )
    setting = config.text if stage == "text" else config.speech
    return f"""---
library_name: transformers
pipeline_tag: audio-text-to-text
tags: [speech, medical, dialogue]
---
# {config.name}, stage {stage}

A speech language model (Whisper encoder, frame stacking, projector, causal language model) that answers as a
doctor in a consultation. **It is research software. It gives no medical advice and must not be used for any.**

- Built from {origin}.
- Corpus: {"; ".join(map(_corpus_told, paths))}. The model is under the strictest terms of its parts and data.
- Stage {stage}: step {step} of {steps}, {_sets(setting)}; learning rate {setting.optimizer.lr:g},
  seed {config.seed}.{f" Dialogues left out: {'; '.join(left_out)}." if left_out else ""}
- Patients' voices are synthetic. Nothing here was tested with real patients, or on other languages than the
  corpus has.

## On the validation split

{table}

Loss is nats per token of the doctor's words; accuracy is how often the likeliest next token is the right one,
the words before it given. Neither says that a reply is correct.

## Use

```python
from medtrain.talk import Talker

talker = Talker.load("{folder / "model"}")
print(talker.reply([("patient", "I have had a cough for two weeks.")]).text)
```
"""


def results_table(results: dict[str, Any]) -> str:
    """Return before and after of each stage, by modality, as a Markdown table."""
    head = "| stage | modality | loss before | after | accuracy before | after |\n|---|---|---|---|---|---|"
    rows = []
    for stage, looks in results.items():
        for modality, after in looks["after"].items():
            before = looks["before"][modality]
            rows.append(
                f"| {stage} | {modality} | {before['loss']:.3f} | {after['loss']:.3f} "
                f"| {before['accuracy']:.3f} | {after['accuracy']:.3f} |"
            )
    kept = _retention(results)
    return "\n".join([head, *rows]) + (f"\n\n{kept}" if kept else "")


def _retention(results: dict[str, Any]) -> str:
    looks = results.get("speech", {})
    before, after = (looks.get(when, {}).get("text") for when in ("before", "after"))
    if not before or not after or not before["accuracy"]:
        return ""
    share = after["accuracy"] / before["accuracy"]
    change = after["loss"] - before["loss"]
    return f"Text ability kept by the speech stage: {share:.1%} of the token accuracy, loss {change:+.3f}."


def _sets(stage: Any) -> str:
    total = sum(s.weight for s in stage.sets)
    return ", ".join(f"{s.weight / total:.0%} {s.modality}" for s in stage.sets)


def _corpus_told(corpus: Path) -> str:
    """Return a corpus's name and the licences that it states. ShareGPT files state none."""
    file = next((f for f in (corpus / "corpus.json", corpus / "corpus" / "corpus.json") if f.is_file()), None)
    info = json.loads(file.read_text(encoding="utf-8")) if file else {}
    licences = sorted({*info.get("licences", ()), *info.get("voice_licences", ())})
    return f"{info.get('name', corpus.name)} (licences of texts and voices: {', '.join(licences) or 'not stated'})"
