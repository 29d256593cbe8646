"""Job handles, immutable snapshots, and the one poller; no IPython, no HTTP here."""
