"""A real chat server without weights to fetch: llama.cpp with a tiny Qwen2 of random numbers.

What it says means nothing; how it says it is real: chat template, token counts, limits, grammar-constrained
JSON, seeds, errors. Alone: `python -m tests.llm.llama MODEL.gguf [CONTEXT]`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAME = "tiny-random-qwen2"
CONTEXT = 4096  # tokens of one conversation
SLOTS = 4  # conversations at a time
WIDTH, LAYERS, HEADS, KV_HEADS, INNER = 64, 2, 4, 2, 192
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def byte_alphabet() -> list[str]:
    """Return the character by which byte-level BPE writes each of the 256 bytes, in order of the bytes."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = iter(range(256, 512))
    return [chr(byte if byte in plain else next(others)) for byte in range(256)]


def make_model(path: Path, seed: int = 0, context: int = CONTEXT) -> Path:
    """Write a Qwen2 of random weights, with a vocabulary of bytes, as GGUF (about half a megabyte).

    `context` is the most tokens of one conversation that it says it takes.
    """
    import gguf
    import numpy as np

    rng = np.random.default_rng(seed)
    alphabet = byte_alphabet()
    pairs = [(a, b) for a in "etaoinshr" for b in "etaoinshr"]
    tokens = [*alphabet, *(a + b for a, b in pairs), *SPECIAL]
    control = gguf.TokenType.CONTROL
    writer = gguf.GGUFWriter(path, "qwen2")
    writer.add_name(NAME)
    writer.add_context_length(context)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types([control if t in SPECIAL else gguf.TokenType.NORMAL for t in tokens])
    writer.add_token_merges([f"{a} {b}" for a, b in pairs])
    writer.add_bos_token_id(tokens.index("<|endoftext|>"))
    writer.add_eos_token_id(tokens.index("<|im_end|>"))
    writer.add_pad_token_id(tokens.index("<|endoftext|>"))
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE)

    def weights(name: str, *shape: int) -> None:
        scale = shape[-1] ** -0.5
        writer.add_tensor(name, (rng.standard_normal(shape) * scale).astype(np.float32))

    key_width = WIDTH // HEADS * KV_HEADS
    weights("token_embd.weight", len(tokens), WIDTH)
    weights("output.weight", len(tokens), WIDTH)
    writer.add_tensor("output_norm.weight", np.ones(WIDTH, np.float32))
    for layer in range(LAYERS):
        block = f"blk.{layer}"
        for norm in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"{block}.{norm}.weight", np.ones(WIDTH, np.float32))
        for part, width in (("attn_q", WIDTH), ("attn_k", key_width), ("attn_v", key_width)):
            weights(f"{block}.{part}.weight", width, WIDTH)
            writer.add_tensor(f"{block}.{part}.bias", np.zeros(width, np.float32))
        weights(f"{block}.attn_output.weight", WIDTH, WIDTH)
        weights(f"{block}.ffn_gate.weight", INNER, WIDTH)
        weights(f"{block}.ffn_up.weight", INNER, WIDTH)
        weights(f"{block}.ffn_down.weight", WIDTH, INNER)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def serve(model: Path, context: int = CONTEXT) -> None:
    """Serve the model on a free loopback port; print the address first; end when stdin does."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(model)
    params.model_alias = {NAME}
    params.n_ctx, params.n_parallel = context * SLOTS, SLOTS
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.warmup = False
    params.use_jinja = True
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.ui = False
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    sys.stdin.read()
    os._exit(0)  # nothing to save; its worker threads need not be waited for


@contextmanager
def llama(model: Path, context: int = CONTEXT) -> Iterator[str]:
    """Run the server in a process of its own; yields its base URL."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.llm.llama", str(model), str(context)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        if not address:
            raise RuntimeError(f"llama.cpp did not start: python -m tests.llm.llama {model}")
        yield f"{address}/v1"
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: python -m tests.llm.llama MODEL.gguf [CONTEXT]")
    path, room = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) == 3 else CONTEXT
    if not path.exists():
        began = time.perf_counter()
        make_model(path, context=room)
        print(f"made {path} in {time.perf_counter() - began:.1f} s", file=sys.stderr)
    serve(path, room)
