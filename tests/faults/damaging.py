"""Breaking files."""

from __future__ import annotations

import random


def damage(content: bytes, how: str, rng: random.Random) -> bytes:
    """Break a file: cut it off, flip bits, or overwrite a stretch of it."""
    if how == "cut":
        return content[: rng.randrange(1, len(content))]
    broken = bytearray(content)
    if how == "flip":
        for _ in range(rng.choice([1, 20, len(broken) // 500 + 1])):
            broken[rng.randrange(len(broken))] ^= 1 << rng.randrange(8)
        return bytes(broken)
    start = rng.randrange(len(broken))
    stretch = rng.randbytes(min(200, len(broken) - start))
    return bytes(broken[:start]) + stretch + bytes(broken[start + len(stretch) :])
