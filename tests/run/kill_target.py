"""A slow toy run in a process of its own, to be killed: python -m tests.run.kill_target FOLDER SOURCE."""

import sys
from pathlib import Path

from tests.run.support import contents, toy_run
from tests.run.toy import ToySettings

if __name__ == "__main__":
    slow = ToySettings(slow_s=0.01)
    _, shards = toy_run(Path(sys.argv[1]), Path(sys.argv[2]), inline=False, settings=slow)
    print("\n".join(contents(shards)))
