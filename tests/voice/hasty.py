"""The `medsynth` command with a shorter patience: a server that is gone is given up after a second.

The processes that a run starts load this module again, so they are as impatient.
"""

from __future__ import annotations

from functools import partial

from medsynth.cli import main
from medsynth.llm import asking, retries

asking.Patience = partial(  # type: ignore[misc, assignment]
    retries.Patience, base_s=0.05, cap_s=0.2, failures=3, start_s=1.0, lost_s=1.0
)

if __name__ == "__main__":
    main()
