"""HTTP: connection, retry, streaming upload, one small class for each API family."""
