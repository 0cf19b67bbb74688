"""`python -m tests.bench.bench_llm [--part NAME …]`: what the stages around a chat model cost.

Ratios, each taken side by side in one run, turn about (A B A B …), so that a busy machine slows both alike:

session  our session (journal on) beside a bare typed `openai` loop, against an instantly answering server
stage    the whole rewrite stage (journal, checks, facts) against the same server, all replies precomputed
llama    the rewrite stage beside a bare loop of the same requests to the same engine, on llama.cpp
vllm     the same on vLLM in this process, and beside one `generate` a record (.venv-vllm/bin/python, `make test-vllm`)
memory   resident memory of the engine's process over more and more records

Stages go through `medsynth.run.streaming` as in a run. Rows come from MEDSYNTH_REAL_DATA where it is set, else
from the shipped samples; only those that the scripted good doctor brings through are used.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

from medsynth.llm import engines, wire
from medsynth.llm.base import ChatEngine, ChatRequest, Message, Reply, Sampling
from medsynth.llm.journal import Journal
from medsynth.llm.session import Session
from medsynth.llm.settings import LLMSettings
from medsynth.records import Kept, RawQA, RawTurn, keep
from medsynth.run.shards import ShardRow, digest, read_outcomes, summarize, write_shard
from medsynth.run.streaming import run_stream
from medsynth.run.tasks import StageSpec, Task
from medsynth.stages.base import Context
from medsynth.stages.filter import FilterSettings
from medsynth.stages.llm_draft import Rewritten
from medsynth.stages.llm_rewrite import LLMRewriteStage
from medsynth.stages.rewrite import RewriteSettings
from tests.bench.__main__ import rows, through
from tests.llm import scripts
from tests.llm.schemas import instance
from tests.llm.server import scripted_server
from tests.llm.talk import Scripted

IN_FLIGHT = 64
SHARD = 64
ROUNDS = 5
# The tiny Qwen2 of the part vllm: a prompt is about as long as for a real one, and weights cost something.
VOCABULARY, WIDTH, LAYERS = 8000, 384, 6
TABLE = "MEDSYNTH_BENCH_REPLIES"
REWRITE, FILTER = "medsynth.stages.rewrite:RewriteStage", "medsynth.stages.filter:FilterStage"


# ---------------------------------------------------------------- rows, replies, shards


def good_rows(most: int) -> list[RawQA]:
    """Return screened rows that the good doctor's first dialogue brings through, about half of each language."""
    from medsynth.stages.screen import ScreenSettings, ScreenStage

    found = [r for r in through(ScreenStage(ScreenSettings(), Context()), rows()[1]) if isinstance(r, RawQA)]
    by_lang = [[r for r in found if r.lang.startswith(lang)] for lang in ("en", "zh")]
    mixed = [r for pair in itertools.zip_longest(*by_lang) for r in pair if r is not None][: 2 * most]
    ready = [r.model_copy(update={"split": "train", "cluster": r.id}) for r in mixed]
    stage = LLMRewriteStage(
        RewriteSettings(engine="llm", repairs=0), Context(), Scripted(scripts.good_doctor)
    )
    outcomes = stage.process(ready)
    return [r for r, o in zip(ready, outcomes, strict=True) if isinstance(o, Kept)][:most]


def copies(records: Sequence[RawQA], count: int) -> list[RawQA]:
    """Return `count` records of distinct ids and texts' order; each is asked for with a seed of its own."""
    return [
        record.model_copy(update={"id": f"{record.id}-{n}"})
        for n, record in enumerate(itertools.islice(itertools.cycle(records), count))
    ]


def tasks_of(records: Iterable[RawQA], folder: Path, spec: StageSpec, size: int = SHARD) -> list[Task]:
    """Write the records as shards and return the tasks of a stage over them."""
    folder.mkdir(parents=True)
    left = iter(records)
    tasks = []
    while some := list(itertools.islice(left, size)):
        index = len(tasks)
        source = folder / f"in-{index:05d}.parquet"
        write_shard(source, [ShardRow("", r.id, keep(r)) for r in some])
        shard = summarize(index, digest("in", str(index)), source)
        target = folder / f"out-{index:05d}.parquet"
        tasks.append(Task(spec, "process", index, shard.digest, source, target))
    return tasks


def kept_share(tasks: Sequence[Task]) -> float:
    """Return the share of records that a stage kept."""
    outcomes = read_outcomes(task.target for task in tasks)["outcome"]
    return float((outcomes == "kept").mean() or 0.0)


def known(body: Mapping[str, Any]) -> str:
    """Answer from the table of precomputed replies; an engine's own question by its schema."""
    return _replies().get(body["messages"][-1]["content"]) or json.dumps(instance(schema_of(body)))


def schema_of(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the JSON schema that a request names, {} without one."""
    return (body.get("response_format") or {}).get("json_schema", {}).get("schema", {})


_TABLE: dict[str, str] = {}


def _replies() -> dict[str, str]:
    if not _TABLE:
        _TABLE.update(json.loads(Path(os.environ[TABLE]).read_text(encoding="utf-8")))
    return _TABLE


@contextmanager
def instant_server(records: Sequence[RawQA], folder: Path) -> Iterator[str]:
    """Run a server that has the good doctor's reply to every row ready; yields its base URL."""
    stage = LLMRewriteStage(RewriteSettings(engine="llm"), Context(), Scripted(scripts.good_doctor))
    table = {}
    for record in records:
        messages = stage.messages(record)
        body = {"messages": [{"role": m.role, "content": m.content} for m in messages]}
        table[messages[-1].content] = scripts.good_doctor(body)
    path = folder / "replies.json"
    path.write_text(json.dumps(table), encoding="utf-8")
    with (
        mock.patch.dict(os.environ, {TABLE: str(path)}),
        scripted_server("tests.bench.bench_llm:known", schema="ignore", log=Path(os.devnull)) as server,
    ):
        yield server.base_url


# ---------------------------------------------------------------- measuring


@dataclass(frozen=True)
class Rate:
    """Things done a second of wall time, and seconds of this process's processor time for each."""

    per_s: float
    cpu_s: float


@contextmanager
def timed(found: list[Rate], count: Callable[[], int]) -> Iterator[None]:
    """Append the rate of what is done inside; `count` tells afterwards how much it was."""
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    done = count()
    found.append(Rate(done / (time.perf_counter() - wall), (time.process_time() - cpu) / done))


async def pump(call: Callable[[Any], Awaitable[object]], items: Sequence[Any], in_flight: int) -> None:
    """Call for every item, so many at a time, and do nothing else."""
    source = iter(items)

    async def work() -> None:
        for item in source:
            await call(item)

    async with asyncio.TaskGroup() as group:
        for _ in range(in_flight):
            group.create_task(work())


def show(title: str, ways: Mapping[str, list[Rate]], unit: str) -> None:
    """Print each way's medians."""
    print(f"{title}; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)
    for name, rates in ways.items():
        wall, cpu = statistics.median(r.per_s for r in rates), statistics.median(r.cpu_s for r in rates)
        print(f"  {name:44} {wall:8.1f} {unit}/s   {1e3 * cpu:7.2f} ms of processor time each", flush=True)


def ratio(what: str, ours: Sequence[Rate], theirs: Sequence[Rate], wanted: float) -> None:
    """Print the median of ours / theirs over the rounds, by wall time."""
    found = sorted(a.per_s / b.per_s for a, b in zip(ours, theirs, strict=True))
    print(
        f"  {what}: {statistics.median(found):.2f} ({found[0]:.2f}–{found[-1]:.2f}), wanted ≥ {wanted:g}",
        flush=True,
    )


def marked(request: ChatRequest, mark: str) -> ChatRequest:
    """Return the request with other first words, so that an engine's prefix cache knows nothing of other rounds."""
    first, *others = request.messages
    return replace(request, messages=(Message(first.role, f"{mark}. {first.content}"), *others))


class Recorder:
    """An engine that passes requests on and remembers them; what it carries may be closed by its owner only."""

    def __init__(self, engine: ChatEngine) -> None:
        self.engine, self.name, self.model = engine, engine.name, engine.model
        self.requests: list[ChatRequest] = []
        self.mark = ""

    async def chat(self, request: ChatRequest) -> Reply:
        self.requests.append(request)
        return await self.engine.chat(marked(request, self.mark))

    async def close(self) -> None:
        """Leave the engine open: the next round uses it again."""


async def carry_out(tasks: Sequence[Task], engine: ChatEngine | None = None) -> None:
    """Carry tasks out as a run's engine process does, with an engine that is open already if one is given."""

    def given(settings: LLMSettings) -> ChatEngine:
        assert engine is not None
        return engine

    with mock.patch.object(engines, "open_engine", given if engine else engines.open_engine):
        await run_stream(tasks, lambda message: None)


# ---------------------------------------------------------------- an instantly answering server


async def bench_session(url: str, records: Sequence[RawQA], folder: Path) -> None:
    """Compare our session and its journal with a bare typed loop: the same bodies, 64 in flight."""
    import openai

    llm = LLMSettings(base_url=url, model="scripted", concurrency=IN_FLIGHT)
    stage = LLMRewriteStage(RewriteSettings(engine="llm"), Context(llm=llm))
    asked = [(record.id, stage.messages(record)) for record in records]
    client = openai.AsyncOpenAI(
        base_url=url, api_key="none", max_retries=0, http_client=openai.DefaultAioHttpClient()
    )
    schema = Rewritten.model_json_schema()
    engine = engines.open_engine(llm)

    async def bare(item: tuple[str, tuple[Message, ...]]) -> object:
        request = ChatRequest(item[1], Sampling(0.7, None, 1536, 1), schema)
        return await client.chat.completions.create(**wire.body(request, "scripted", True))

    found: dict[str, list[Rate]] = {"our session, journal on": [], "bare openai[aiohttp], typed": []}
    ours, theirs = found.values()
    await pump(bare, asked[:200], IN_FLIGHT)
    for number in range(ROUNDS + 1):
        journal = Journal(folder / f"session-{number}.sqlite")
        session = Session("rewrite", engine, llm, journal)

        async def ask(item: tuple[str, tuple[Message, ...]], session: Session = session) -> object:
            return await session.ask(item[1], Rewritten, item[0])

        with timed(ours, lambda: len(asked)):
            await pump(ask, asked, IN_FLIGHT)
        journal.close()
        with timed(theirs, lambda: len(asked)):
            await pump(bare, asked, IN_FLIGHT)
    del ours[0], theirs[0]  # the first round is start-up
    await engine.close()
    await client.close()
    show(f"session: {len(asked)} requests, {IN_FLIGHT} in flight, {ROUNDS} rounds", found, "requests")
    ratio("session / bare loop", ours, theirs, 0.8)


async def bench_stage(url: str, records: Sequence[RawQA], folder: Path) -> None:
    """Measure the whole rewrite stage, then the checks of a dialogue, and the fact guard in them, alone."""
    llm = LLMSettings(base_url=url, model="scripted", concurrency=IN_FLIGHT)
    rates: list[Rate] = []
    for number in range(ROUNDS + 1):
        context = Context(llm=llm, journal=folder / f"stage-{number}/journal.sqlite")
        spec = StageSpec(REWRITE, RewriteSettings(engine="llm").model_dump_json(), context)
        tasks = tasks_of(records, folder / f"stage-{number}", spec)
        with timed(rates, lambda: len(records)):
            await carry_out(tasks)
        assert kept_share(tasks) > 0.99, "the server had another reply than the good doctor's"
    del rates[0]
    show(
        f"stage: {len(records)} records, {IN_FLIGHT} in flight, {ROUNDS} rounds; wanted ≥ 150 records/s",
        {"rewrite: journal, checks, facts": rates},
        "records",
    )
    checks_alone(records)


def checks_alone(records: Sequence[RawQA]) -> None:
    """Print the processor time of the checks of a good dialogue, and of the fact guard among them.

    In a run they are carried out in processes beside the engine's.
    """
    from medsynth.stages import llm_rewrite

    stage = LLMRewriteStage(RewriteSettings(engine="llm"), Context(), Scripted(scripts.good_doctor))
    written = []
    for record in records:
        body = {"messages": [{"role": m.role, "content": m.content} for m in stage.messages(record)]}
        written.append((record, Rewritten.model_validate_json(scripts.good_doctor(body))))
    guard = 0.0
    plain = llm_rewrite.check_facts

    def watched(*given: Any) -> Any:
        nonlocal guard
        began = time.process_time()
        try:
            return plain(*given)
        finally:
            guard += time.process_time() - began

    with mock.patch.object(llm_rewrite, "check_facts", watched):
        stage.judge(*written[0])  # lexicons are read
        guard, began = 0.0, time.process_time()
        for record, reply in written:
            stage.judge(record, reply)
    whole = time.process_time() - began
    print(
        f"  checks of a dialogue {1e3 * whole / len(written):.2f} ms of processor time,"
        f" of which the fact guard {1e3 * guard / len(written):.2f} ms"
    )


# ---------------------------------------------------------------- real engines


async def beside_bare(
    engine: ChatEngine, llm: LLMSettings, records: Sequence[RawQA], folder: Path, rounds: int
) -> tuple[list[Rate], list[ChatRequest]]:
    """Compare the stage with a bare loop of its own requests. Returns the stage's rates and the last requests."""
    found: dict[str, list[Rate]] = {"rewrite stage": [], "bare loop, the same requests": []}
    ours, theirs = found.values()
    recorder = Recorder(engine)
    settings = RewriteSettings(engine="llm", repairs=1).model_dump_json()
    for number in range(rounds + 1):
        place = folder / f"bare-{number}"
        context = Context(llm=llm, journal=place / "journal.sqlite", seed=number)
        tasks = tasks_of(records, place, StageSpec(REWRITE, settings, context), 8)
        recorder.requests.clear()
        recorder.mark = f"A{number}"
        with timed(ours, lambda: len(recorder.requests)):
            await carry_out(tasks, recorder)
        requests = list(recorder.requests)
        same = [marked(request, f"B{number}") for request in requests]
        with timed(theirs, lambda same=same: len(same)):  # type: ignore[misc]
            await pump(lambda r: _quietly(engine, r), same, llm.concurrency)
    del ours[0], theirs[0]
    show(
        f"{engine.name}: {len(records)} records, {llm.concurrency} in flight, {rounds} rounds",
        found,
        "requests",
    )
    ratio("stage / bare loop", ours, theirs, 0.9)
    return ours, requests


async def _quietly(engine: ChatEngine, request: ChatRequest) -> object:
    from medsynth.llm.base import EngineError

    try:
        return await engine.chat(request)
    except EngineError as error:  # noise that the server itself trips over: the stage counts it too
        return error


async def bench_llama(records: Sequence[RawQA], folder: Path, rounds: int) -> None:
    """Compare on llama.cpp with a model of random weights."""
    from tests.llm.llama import NAME, llama, make_model

    context = 16384
    with llama(make_model(folder / "tiny.gguf", context=context), context) as url:
        llm = LLMSettings(base_url=url, model=NAME, concurrency=8, max_tokens=64, tries=2, retries=0)
        engine = engines.open_engine(llm)
        await beside_bare(engine, llm, records, folder, rounds)
        await engine.close()


async def bench_vllm(records: Sequence[RawQA], folder: Path, rounds: int) -> None:
    """Compare on vLLM, and with one `generate` a record, as the published system does; the same weights."""
    from tests.llm.tiny_qwen import make_model

    room = 16384
    model = make_model(folder / "qwen", room, VOCABULARY, WIDTH, LAYERS)
    llm = LLMSettings.model_validate(
        {
            "engine": "vllm",
            "model": str(model),
            "concurrency": IN_FLIGHT,
            "max_tokens": 128,
            "tries": 2,
            "vllm": {
                "max_model_len": room,
                "dtype": "float32",
                "options": {"kv_cache_memory_bytes": 2**29},
            },
        }
    )
    engine = engines.open_engine(llm)
    ours, requests = await beside_bare(engine, llm, records, folder, rounds)
    replies = [await engine.chat(r) for r in requests[:8]]
    await engine.close()
    tokens = round(statistics.mean(r.completion_tokens or 0 for r in replies))
    serial = one_by_one(model, requests[:8], max(1, tokens), len(ours))
    show(
        f"published way: {tokens} tokens a reply", {"transformers, one generate a record": serial}, "requests"
    )
    ratio("stage / published way", ours, serial, 5)


def one_by_one(model: Path, requests: Sequence[ChatRequest], tokens: int, rounds: int) -> list[Rate]:
    """Return how fast `transformers` answers the requests one after the other, `tokens` tokens each."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model)
    loaded = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32).eval()
    found: list[Rate] = []
    for _ in range(rounds + 1):
        with timed(found, lambda: len(requests)):
            for request in requests:
                text = tokenizer.apply_chat_template(
                    [{"role": m.role, "content": m.content} for m in request.messages],
                    tokenize=False,
                    add_generation_prompt=True,
                )
                given = tokenizer(text, return_tensors="pt", add_special_tokens=False)
                with torch.inference_mode():
                    loaded.generate(
                        **given, do_sample=True, temperature=0.7, min_new_tokens=tokens, max_new_tokens=tokens
                    )
    return found[1:]


# ---------------------------------------------------------------- memory


def bench_memory(sizes: Sequence[int]) -> None:
    """Print the resident memory of a process that filters so many short rows, by tenths of the way."""
    print(
        "memory: filter stage, instant server; resident MB of the engine's process at each tenth of the way"
    )
    with scripted_server("tests.bench.bench_llm:yes", schema="ignore", log=Path(os.devnull)) as server:
        for size in sizes:
            command = [
                sys.executable,
                "-m",
                "tests.bench.bench_llm",
                "--memory-of",
                str(size),
                server.base_url,
            ]
            subprocess.run(command, check=True)


def yes(body: Mapping[str, Any]) -> str:
    """Say yes to every criterion of a filter's request."""
    schema = schema_of(body)
    if "Verdict" not in schema.get("$defs", {}):
        return json.dumps(instance(schema))
    verdict = {"reason": "The data are clear.", "verdict": "yes"}
    return json.dumps(dict.fromkeys(schema["properties"], verdict))


async def memory_of(size: int, url: str, folder: Path) -> None:
    """Filter `size` short rows and print this process's resident memory on the way."""
    context = Context(
        llm=LLMSettings(base_url=url, model="scripted", concurrency=IN_FLIGHT), journal=folder / "j.sqlite"
    )
    spec = StageSpec(FILTER, FilterSettings(engine="llm").model_dump_json(), context)
    tasks = tasks_of(map(short_row, range(size)), folder / "shards", spec, 1000)
    levels: list[float] = []
    done, told = 0, 0

    def send(message: Any) -> None:
        nonlocal done, told
        if message[0] == "progress":
            done += message[1]
        while done >= (told + 1) * size / 10:
            told += 1
            levels.append(resident_mb())

    peak, stop = 0.0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not stop.wait(0.2):
            peak = max(peak, resident_mb())

    watcher = threading.Thread(target=watch)
    watcher.start()
    began = time.perf_counter()
    try:
        await run_stream(tasks, send)
    finally:
        stop.set()
        watcher.join()
    rate = size / (time.perf_counter() - began)
    assert kept_share(tasks) == 1
    print(
        f"  {size:7} records  {' '.join(f'{level:.0f}' for level in levels)}  peak {peak:.0f}  ({rate:.0f} records/s)",
        flush=True,
    )


def short_row(number: int) -> RawQA:
    """Return a row of a few words."""
    return RawQA(
        id=f"short-{number}",
        source="bench",
        group=f"short-{number}",
        cluster=f"short-{number}",
        lang="en",
        licence="CC0-1.0",
        kind="qa",
        split="train",
        turns=(
            RawTurn(role="patient", text=f"My knee has hurt for {number} days. What can I do?"),
            RawTurn(role="doctor", text="Rest it and put ice on it."),
        ),
    )


def resident_mb() -> float:
    """Return the resident memory of this process now, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


# ---------------------------------------------------------------- command line


def main() -> None:
    parts = ("session", "stage", "llama", "vllm", "memory")
    parser = argparse.ArgumentParser(description="What the stages around a chat model cost.")
    parser.add_argument(
        "--part", choices=parts, action="append", help="all but vllm when not given; repeatable"
    )
    parser.add_argument("--records", type=int, default=600, help="records of a round of session and stage")
    parser.add_argument(
        "--engine-records",
        type=int,
        default=64,
        help="records of a round on a real engine; few more than are in flight measure a run's end, not its course",
    )
    parser.add_argument("--rounds", type=int, default=3, help="rounds on a real engine")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000], help="of the part memory")
    parser.add_argument("--memory-of", nargs=2, metavar=("SIZE", "URL"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bench-llm-"))
    try:
        if given.memory_of:
            asyncio.run(memory_of(int(given.memory_of[0]), given.memory_of[1], folder))
            return
        chosen = given.part or [p for p in parts if p != "vllm"]
        found = good_rows(200) if set(chosen) - {"memory"} else []
        if {"session", "stage"} & set(chosen):
            with instant_server(found, folder) as url:
                many = copies(found, given.records)
                for part, bench in (("session", bench_session), ("stage", bench_stage)):
                    if part in chosen:
                        asyncio.run(bench(url, many, folder))
        for part, engine_bench in (("llama", bench_llama), ("vllm", bench_vllm)):
            if part in chosen:
                asyncio.run(engine_bench(copies(found, given.engine_records), folder, given.rounds))
        if "memory" in chosen:
            bench_memory(given.sizes)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
