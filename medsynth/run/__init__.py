"""Runs a pipeline: shards, workers, cache, ledger. Stages know nothing of this package."""
