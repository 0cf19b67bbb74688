"""The verbs that speak with a model: chat, serve. Registered on `medtrain.cli.app`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from medtrain.errors import UserError
from medtrain.extras import need_torch

RunArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="RUN", help="what fit left: a run, or one stage, checkpoint or model of it [the newest run]"
    ),
]


def chat(
    run: RunArgument = None,
    temperature: Annotated[
        float, typer.Option(min=0, max=10, help="how boldly words are drawn; 0 takes the likeliest")
    ] = 0.7,
    top_p: Annotated[
        float, typer.Option(min=0.01, max=1, help="draw from the likeliest of this share")
    ] = 1.0,
    greedy: Annotated[
        bool, typer.Option("--greedy", help="always the likeliest word: --temperature 0")
    ] = False,
    max_new_tokens: Annotated[int, typer.Option(min=1, help="longest reply")] = 256,
    seed: Annotated[
        int | None,
        typer.Option(min=0, max=2**32 - 1, help="the same seed, the same replies [another each time]"),
    ] = None,
) -> None:
    """Hold a consultation with a trained model, typed or by recordings (/wav FILE). No medical advice."""
    need_torch()
    from secrets import randbelow

    from medtrain.chat import on_terminal
    from medtrain.decoding import Decoding
    from medtrain.places import last_trained

    seed = randbelow(2**32) if seed is None else seed
    on_terminal(run or last_trained(), Decoding(max_new_tokens, 0.0 if greedy else temperature, top_p, seed))


def serve(
    run: RunArgument = None,
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="port; 0 takes any free one")] = 8890,
    name: Annotated[str | None, typer.Option(help="what clients call the model [the run's name]")] = None,
    batch: Annotated[int, typer.Option(min=1, help="requests answered together")] = 8,
    max_new_tokens: Annotated[
        int, typer.Option(min=1, help="longest reply where a request says nothing")
    ] = 512,
    max_body_mb: Annotated[int, typer.Option(min=1, help="largest request, audio in base64 included")] = 32,
    api_key_env: Annotated[
        str | None, typer.Option(help="environment variable with the key that clients must send")
    ] = None,
) -> None:
    """Serve a trained model as an OpenAI-compatible chat endpoint, typed or spoken. No medical advice."""
    import os

    need_torch()
    key = os.environ.get(api_key_env, "") if api_key_env else ""
    if api_key_env and not key:
        raise UserError(f"--api-key-env {api_key_env}: this environment variable is not set")
    try:
        from medtrain.serve import ChatService, Settings, serve
    except ModuleNotFoundError as error:
        raise UserError(f"{error.name} is not installed; run: pip install 'medsynth[serve]'") from None
    from medtrain.fit import quiet
    from medtrain.notice import NOTICE
    from medtrain.places import last_trained
    from medtrain.talk import Talker
    from medtrain.trained import find_trained

    quiet()
    run = run or last_trained()
    trained = find_trained(run)
    called = name or (trained.run or run).resolve().name
    settings = Settings(called, int(run.stat().st_mtime), key, batch, max_new_tokens, max_body_mb * 2**20)
    service = ChatService(Talker(trained.load()), settings)
    typer.echo(NOTICE)
    if host not in ("127.0.0.1", "::1", "localhost") and not key:
        typer.echo(
            "whoever reaches this address can use the model; ask for a key with --api-key-env", err=True
        )
    serve(service, host, port, lambda url: typer.echo(f"{url}   model {called}   (stop with Ctrl-C)"))
