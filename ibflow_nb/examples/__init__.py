"""A small workspace of documents, flows and refiners, made to try everything on."""

from pathlib import Path

WORKSPACE = Path(__file__).parent / "workspace"
