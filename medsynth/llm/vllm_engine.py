"""vLLM in this process: requests go into its scheduler as they come, so that its batch is always full.

A thread drives the engine's steps; requests join and leave between steps (continuous batching). The event
loop only renders prompts and waits. The engine is loaded with the first request.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import queue
import threading
import time
from dataclasses import dataclass
from typing import Any

from medsynth.llm.base import ChatRequest, EngineDown, EngineError, Finish, Reply
from medsynth.llm.settings import LLMSettings
from medsynth.llm.structured import portable

# What vLLM needs on a machine without a GPU: no pinning of threads, no second process.
_CPU_ENVIRONMENT = {"VLLM_CPU_OMP_THREADS_BIND": "nobind", "VLLM_ENABLE_V1_MULTIPROCESSING": "0"}
_FINISH: dict[str | None, Finish] = {"stop": "stop", "length": "length"}


@dataclass
class _Waiting:
    request: ChatRequest
    prompt: list[int]
    reply: asyncio.Future[Reply]
    started: float


class VLLMEngine:
    """A ChatEngine over `vllm.LLM`. Many requests at a time, from one event loop."""

    name = "vllm"

    def __init__(self, settings: LLMSettings) -> None:
        self.model = settings.model
        self._settings = settings
        self._llm: Any = None
        self._tokenizer: Any = None
        self._loading: asyncio.Lock | None = None
        self._queue: queue.Queue[_Waiting | None] = queue.Queue()
        self._thread: threading.Thread | None = None
        self._dead: EngineDown | None = None

    async def chat(self, request: ChatRequest) -> Reply:
        """Return the model's reply. Raises EngineError for a prompt that does not fit, EngineDown when vLLM died."""
        await self._ready()
        prompt = self._render(request)
        room = self._llm.model_config.max_model_len
        if len(prompt) + request.sampling.max_tokens > room:
            raise EngineError(
                "too_long",
                f"{len(prompt)} tokens and room for {request.sampling.max_tokens} in a context of {room}",
            )
        reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._queue.put(_Waiting(request, prompt, reply, time.monotonic()))
        if self._dead is not None:
            raise self._dead
        return await reply

    async def close(self) -> None:
        """Stop the engine and free its memory."""
        if self._thread is not None:
            self._queue.put(None)
            await asyncio.to_thread(self._thread.join)
            self._thread = None
        if self._llm is not None:
            core = getattr(self._llm.llm_engine, "engine_core", None)
            if core is not None:
                core.shutdown()
            self._llm = None

    async def _ready(self) -> None:
        if self._dead is not None:
            raise self._dead
        self._loading = self._loading or asyncio.Lock()
        async with self._loading:
            if self._llm is not None:
                return
            try:
                self._llm = await asyncio.to_thread(_load, self._settings)
            except Exception as error:  # vLLM raises whatever its parts raise
                first = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
                self._dead = EngineDown(f"llm: vLLM cannot load {self.model!r}: {first[:300]}")
                raise self._dead from None
            self._tokenizer = self._llm.get_tokenizer()
            self._thread = threading.Thread(target=self._drive, name="vllm", daemon=True)
            self._thread.start()

    def _render(self, request: ChatRequest) -> list[int]:
        messages = [{"role": m.role, "content": m.content} for m in request.messages]
        try:
            text = self._tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        except Exception as error:
            raise EngineDown(
                f"llm: {self.model!r} cannot be asked as a chat: {str(error).splitlines()[0][:200]}"
            ) from None
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def _drive(self) -> None:
        """Step the engine while anything waits; take new requests in between."""
        engine = self._llm.llm_engine
        numbers = itertools.count()
        running: dict[str, _Waiting] = {}
        try:
            while True:
                while not running or not self._queue.empty():
                    waiting = self._queue.get()
                    if waiting is None:
                        return
                    number = str(next(numbers))
                    try:
                        engine.add_request(
                            number, {"prompt_token_ids": waiting.prompt}, _sampling(waiting.request)
                        )
                    except (
                        ValueError
                    ) as error:  # refused by vLLM's own checks, a schema it cannot compile say
                        _answer(waiting, EngineError("rejected", str(error)[:200]))
                        continue
                    running[number] = waiting
                for output in engine.step():
                    if output.finished:
                        waiting = running.pop(output.request_id)
                        _answer(waiting, _reply(output, waiting, self.model))
        except Exception as error:
            self._dead = EngineDown(
                f"llm: vLLM died ({type(error).__name__}: {str(error)[:200]}); finished work is kept"
            )
            while not self._queue.empty():
                left = self._queue.get()
                if left is not None:
                    running[str(next(numbers))] = left
            for waiting in running.values():
                _answer(waiting, self._dead)


def _load(settings: LLMSettings) -> Any:
    """Return `vllm.LLM` as the settings ask for it."""
    import torch

    own = settings.vllm
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")  # its log would drown the progress of the run
    options: dict[str, Any] = {
        "tensor_parallel_size": own.tensor_parallel_size,
        "gpu_memory_utilization": own.gpu_memory_utilization,
        "max_model_len": own.max_model_len,
        "dtype": own.dtype,
        "quantization": own.quantization,
        "enable_prefix_caching": True,
        "max_num_seqs": max(settings.concurrency, 1),
        # xgrammar lets raw control characters through where lengths are bounded; guidance was right 256 of 256 times.
        "structured_outputs_config": {"backend": "guidance", "disable_any_whitespace": True},
        "disable_log_stats": True,
    }
    if not torch.cuda.is_available():
        for name, value in _CPU_ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        # A seed per request together with chunked prefill crashes the CPU backend.
        options |= {"enforce_eager": True, "enable_chunked_prefill": False}
        del options["gpu_memory_utilization"]
    import vllm

    return vllm.LLM(model=settings.model, **(options | own.options))


def _sampling(request: ChatRequest) -> Any:
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams

    sampling = request.sampling
    structured = None
    if request.schema is not None:
        structured = StructuredOutputsParams(json=json.dumps(portable(request.schema)))
    return SamplingParams(
        temperature=sampling.temperature,
        top_p=1.0 if sampling.top_p is None else sampling.top_p,
        max_tokens=sampling.max_tokens,
        seed=sampling.seed,
        structured_outputs=structured,
        output_kind=RequestOutputKind.FINAL_ONLY,
    )


def _reply(output: Any, waiting: _Waiting, model: str) -> Reply | EngineError:
    choice = output.outputs[0]
    if choice.finish_reason in ("abort", "error"):
        return EngineError("server", f"vLLM ended the request: {choice.finish_reason}")
    return Reply(
        text=choice.text,
        finish=_FINISH.get(choice.finish_reason, "other"),
        model=model,
        prompt_tokens=len(waiting.prompt),
        completion_tokens=len(choice.token_ids),
        latency_s=time.monotonic() - waiting.started,
    )


def _answer(waiting: _Waiting, value: Reply | Exception) -> None:
    """Hand a result to the event loop that waits for it; one that is gone wants none."""

    def deliver() -> None:
        if waiting.reply.done():
            return
        if isinstance(value, Reply):
            waiting.reply.set_result(value)
        else:
            waiting.reply.set_exception(value)

    try:
        waiting.reply.get_loop().call_soon_threadsafe(deliver)
    except RuntimeError:
        return
