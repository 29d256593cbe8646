"""Running jobs: the ledger, the dispatcher, the worker pool, recovery."""
