"""Carry the experiment out, or draw what stands in its raw results.

The same command goes on where it was stopped or killed. One CPU core is enough; no GPU, model or network is used.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[3]
RESULTS = Path(__file__).parent / "results"


def main() -> int:
    """Do what the arguments say; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.claim", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("runs/claim"), help="folder of the experiment")
    parser.add_argument("--smoke", action="store_true", help="every step, at a size that proves nothing")
    parser.add_argument(
        "--more",
        action="store_true",
        help="the further arms as well: without CTC, with other shares of speech",
    )
    parser.add_argument(
        "--collect",
        action="store_true",
        help="only write the raw results beside this program from the arms that are done in --out",
    )
    parser.add_argument(
        "--page",
        action="store_true",
        help="only rewrite tables and figure of docs/claim.md from its raw results",
    )
    options = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is loaded

    from medtrain.errors import UserError
    from tests.bench.claim.page import collect, draw, fill, tables
    from tests.bench.claim.runs import carry_out
    from tests.bench.claim.settings import ARMS, FULL, FURTHER, SMOKE

    sizes = SMOKE if options.smoke else FULL
    if options.collect:
        try:
            collect(options.out, sizes, RESULTS)
        except UserError as error:
            print(error, file=sys.stderr)
            return 1
    if options.page:
        fill(ROOT / "docs" / "claim.md", RESULTS)
        draw(RESULTS, ROOT / "docs" / "figures" / "claim.svg")
    if options.page or options.collect:
        return 0
    began = time.perf_counter()

    def say(text: str) -> None:
        print(f"[{time.perf_counter() - began:6.0f} s] {text}", flush=True)

    try:
        carry_out(options.out, sizes, say, (*ARMS, *FURTHER) if options.more else ARMS)
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; the same command goes on from there", file=sys.stderr)
        return 130
    results = options.out / "results"
    collect(options.out, sizes, results)
    draw(results, results / "claim.svg")
    found = tables(results)
    (results / "claim.md").write_text("\n\n".join(found.values()) + "\n", encoding="utf-8")
    print("\n" + "\n\n".join(found.values()))
    say(f"raw results, tables and figure: {results}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
