"""A run that asks a server, in a process of its own, to be killed: FOLDER SOURCE BASE_URL."""

import sys
from pathlib import Path

from tests.run.support import contents
from tests.run.test_streaming import asking_run

if __name__ == "__main__":
    _, shards = asking_run(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], concurrency=4)
    print("\n".join(contents(shards)))
