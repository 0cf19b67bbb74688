"""A first reproduction, at toy size, of the claim that text first and a little speech afterwards is enough.

    python -m tests.bench.claim --out runs/claim            # the experiment of docs/claim.md, an hour or two on a core
    python -m tests.bench.claim --out /tmp/claim --smoke    # the same steps at a size that proves nothing

The design, its caveats and the results stand in docs/claim.md.
"""
