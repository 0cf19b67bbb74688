"""Pipeline files: YAML in, one validated `PipelineConfig` out. A misspelt key is an error that names it."""

from __future__ import annotations

import difflib
import json
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from medsynth.errors import UserError
from medsynth.llm.settings import BudgetSettings, LLMSettings
from medsynth.resources import resource
from medsynth.sources.base import SourceConfig
from medsynth.stages.base import Context, StageSettings
from medsynth.stages.dedup import DedupSettings
from medsynth.stages.filter import FilterSettings
from medsynth.stages.profile import ProfileSettings
from medsynth.stages.rewrite import RewriteSettings
from medsynth.stages.screen import ScreenSettings
from medsynth.stages.split import SplitSettings
from medsynth.stages.voice import VoiceSettings

STAGES: dict[str, str] = {
    "screen": "medsynth.stages.screen:ScreenStage",
    "dedup": "medsynth.stages.dedup:DedupStage",
    "split": "medsynth.stages.split:SplitStage",
    "filter": "medsynth.stages.filter:FilterStage",
    "rewrite": "medsynth.stages.rewrite:RewriteStage",
    "profile": "medsynth.stages.profile:ProfileStage",
    "voice": "medsynth.stages.voice:VoiceStage",
}
"""The stages in the order in which they run, each as "module:Class"."""

LLM_STAGES = ("filter", "rewrite", "profile")
"""The stages that a chat model can carry out (`engine: llm`)."""


class PackSettings(BaseModel):
    """How the corpus is written. Sizes bound files and row groups, so that readers can stream them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_shard_mb: int = Field(256, ge=1, description="audio and text of one Parquet file, uncompressed")
    rows_per_group: int = Field(32, ge=1, description="dialogues of one Parquet row group")
    allow_unknown_licences: bool = Field(False, description="pack sources whose licence nobody stated")


class RunSettings(BaseModel):
    """How the work is cut and spread. Nothing here changes a byte of the result."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    workers: int | None = Field(None, ge=1, description="worker processes; all cores when not given")
    shard_size: int = Field(64, ge=1, description="records of one commit unit")


class PipelineConfig(BaseModel):
    """A whole pipeline. Every section may be left out; the defaults need no model, key or network."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field("medsynth", pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$")
    seed: int = 0
    limit: int | None = Field(None, ge=1, description="take at most this many rows of each source")
    sources: tuple[SourceConfig, ...] = ()
    screen: ScreenSettings = ScreenSettings()
    dedup: DedupSettings = DedupSettings()
    split: SplitSettings = SplitSettings()
    llm: LLMSettings = LLMSettings()
    budget: BudgetSettings = BudgetSettings()
    filter: FilterSettings = FilterSettings()
    rewrite: RewriteSettings = RewriteSettings()
    profile: ProfileSettings = ProfileSettings()
    voice: VoiceSettings = VoiceSettings()
    pack: PackSettings = PackSettings()
    run: RunSettings = RunSettings()

    def stage_settings(self, stage: str) -> StageSettings:
        """Return the settings of one stage by name."""
        return getattr(self, stage)  # type: ignore[no-any-return]

    def includes(self, stage: str) -> bool:
        """Tell whether a stage has anything to do in this pipeline: *filter* is a chat model's alone."""
        return stage != "filter" or self.asks(stage)

    def asks(self, stage: str) -> bool:
        """Tell whether a chat model carries the stage out."""
        return stage in LLM_STAGES and getattr(getattr(self, stage, None), "engine", "") == "llm"

    def result_json(self) -> str:
        """Return the JSON of everything that can change the corpus.

        Workers, shard size, budget, and which server answers for a model, chat or voice, cannot.
        """
        llm = json.loads(self.llm.identity_json()) if self.llm.model else None
        return json.dumps(
            json.loads(
                self.model_dump_json(
                    exclude={"run": True, "budget": True, "llm": True, "voice": VoiceSettings.HOW}
                )
            )
            | ({"llm": llm} if llm else {}),
            ensure_ascii=False,
        )


def find_pipeline(name: str) -> Path:
    """Return the pipeline file of this name: a path, else a shipped file ("demo", "pipelines/demo.yaml")."""
    path = Path(name)
    if path.is_file():
        return path
    stem = path.name if path.suffix in (".yaml", ".yml") else f"{path.name}.yaml"
    try:
        return resource("pipelines", stem)
    except FileNotFoundError:
        shipped = ", ".join(sorted(p.name for p in resource("pipelines").glob("*.yaml")))
        raise UserError(f"{name}: no such pipeline file; shipped ones: {shipped}") from None


def load_pipeline(path: Path) -> tuple[PipelineConfig, Context]:
    """Read a pipeline file. Relative paths in it start from its own folder (`Context.base`).

    Raises UserError that names the file, the key and what is expected.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise UserError(f"{path}: a pipeline file must be UTF-8") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(data, dict):
        raise UserError(f"{path}: a pipeline file is a mapping of sections, such as sources: and voice:")
    config = parse_config(data, str(path))
    return config, Context(seed=config.seed, base=path.resolve().parent)


def parse_config(data: dict[str, Any], where: str) -> PipelineConfig:
    """Validate a mapping. Raises UserError with one line per problem, each naming its key."""
    try:
        return PipelineConfig.model_validate(data)
    except ValidationError as error:
        lines = [f"{where}: {_problem(e)}" for e in error.errors(include_url=False)]
        raise UserError("\n".join(lines)) from None


def _problem(error: Any) -> str:
    keys = [str(part) for part in error["loc"]]
    message = error["msg"]
    if error["type"] == "extra_forbidden":
        known = _known_keys(keys[:-1])
        close = difflib.get_close_matches(keys[-1], known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"known here: {', '.join(sorted(known))}"
        message = f"unknown key; {hint}"
    return f"{'.'.join(keys)}: {message}"


def _known_keys(keys: list[str]) -> list[str]:
    model: Any = PipelineConfig
    for key in keys:
        if key.isdigit():
            continue
        annotation = model.model_fields[key].annotation if key in getattr(model, "model_fields", {}) else None
        arguments = getattr(annotation, "__args__", None)
        model = arguments[0] if arguments else annotation
    return list(getattr(model, "model_fields", {}))
