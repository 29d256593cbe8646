"""HTTP: connection, retry, streaming upload, one small class for each API family."""

from ibflow_nb.client.client import Client

__all__ = ["Client"]
