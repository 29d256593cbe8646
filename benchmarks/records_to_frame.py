"""From a reply's bytes to a frame: Records beside json.loads and beside pd.json_normalize.

The records are those of a run over receipts: 12 fields, one in twenty missing, each with its
type and confidence. Every run is a process of its own; time and memory count from the bytes in
memory to the finished frame.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.harness import Figure, Measure, Measured, compare_all, fresh, main, sized

FIELDS = 12
MISSING = 0.05
FILES = 100_000
DICTIONARIES, NORMALIZED = "json.loads, DataFrame of dicts", "pd.json_normalize"
RECORD = ["file_name", "file_index", "record_index", "classification_label", "output_file_path"]


def write_reply(file: Path, count: int) -> None:
    """Write a reply of ``run_sync`` with this many records, of 100,000 files at most."""
    draw = random.Random(0)
    records = [make_record(number, draw) for number in range(min(count, FILES))]
    text = msgspec.json.encode(records)[1:-1]
    with file.open("wb") as reply:
        reply.write(b'{"records": [')
        for index in range(count // len(records)):
            reply.write(b"," if index else b"")
            reply.write(text.replace(b'"record_index":0', b'"record_index":%d' % index))
        reply.write(b'], "job_id": "benchmark", "status": "OK"}')


def make_record(number: int, draw: random.Random) -> dict[str, Any]:
    """Make one record as the platform sends it."""
    return {
        "file_name": f"{number}.pdf",
        "file_index": number,
        "record_index": 0,
        "results": [
            {
                "key": f"field_{field}",
                "value": f"value {number} {field}",
                "field_type": "TEXT",
                "error_msg": "",
                "model_confidence": round(draw.random(), 3),
            }
            for field in range(FIELDS)
            if draw.random() > MISSING
        ],
        "output_file_path": f"local/my-repo/fs/Instabase Drive/out/{number}.pdf.ibdoc",
        "status": "OK",
        "classification_label": "receipt",
    }


# --- what is measured; each runs in a process of its own


def wide_by_records(file: str) -> Callable[[], object]:
    """A row a record, the way of this package."""
    import pandas as pd  # noqa: F401 - both sides have it loaded

    from ibflow_nb.frames import Records

    reply = Path(file).read_bytes()
    return lambda: Records.from_json(reply).to_frame()


def long_by_records(file: str) -> Callable[[], object]:
    """A row a field, the way of this package."""
    import pandas as pd  # noqa: F401

    from ibflow_nb.frames import Records

    reply = Path(file).read_bytes()
    return lambda: Records.from_json(reply).to_frame("long")


def wide_by_dictionaries(file: str) -> Callable[[], object]:
    """A row a record, the obvious way."""
    import pandas as pd

    reply = Path(file).read_bytes()
    return lambda: pd.DataFrame(
        [
            {
                **{name: record[name] for name in RECORD},
                **{field["key"]: field["value"] for field in record["results"]},
            }
            for record in json.loads(reply)["records"]
        ]
    )


def long_by_dictionaries(file: str) -> Callable[[], object]:
    """A row a field, the obvious way."""
    import pandas as pd

    reply = Path(file).read_bytes()
    return lambda: pd.DataFrame(
        [
            {
                "file_name": record["file_name"],
                "file_index": record["file_index"],
                "record_index": record["record_index"],
                "class_label": record["classification_label"],
                "key": field["key"],
                "value": field["value"],
                "type": field["field_type"],
                "confidence": field["model_confidence"],
                "error": field["error_msg"],
            }
            for record in json.loads(reply)["records"]
            for field in record["results"]
        ]
    )


def wide_by_normalize(file: str) -> Callable[[], object]:
    """A row a record, by what pandas offers for nested JSON, and a pivot."""
    import pandas as pd

    normalize = long_by_normalize(file)

    def build() -> pd.DataFrame:
        frame = normalize()
        assert isinstance(frame, pd.DataFrame)
        return frame.pivot(index=RECORD, columns="key", values="value").reset_index()

    return build


def long_by_normalize(file: str) -> Callable[[], object]:
    """A row a field, by what pandas offers for nested JSON."""
    import pandas as pd

    reply = Path(file).read_bytes()
    return lambda: pd.json_normalize(
        json.loads(reply)["records"], record_path="results", meta=[*RECORD]
    )


# --- the figures


def spend(function: Callable[[str], Callable[[], object]], file: Path, name: str) -> Measured:
    """Build a frame; its seconds and memory by the name of the figure."""
    spent = fresh(function, str(file))
    return {name: spent.processor, f"{name}, memory": spent.extra}


BUILDERS = {
    "wide": (wide_by_records, wide_by_dictionaries, wide_by_normalize),
    "long": (long_by_records, long_by_dictionaries, long_by_normalize),
}


def compare_layout(layout: str, file: Path, count: int, repeats: int) -> list[Figure]:
    """Compare time and memory of building one layout."""
    ours, dictionaries, normalized = BUILDERS[layout]
    name = f"{count:,} records to a {layout} frame"
    goals = {DICTIONARIES: 1 / 4, NORMALIZED: 1 / 10}
    return compare_all(
        lambda: spend(ours, file, name),
        {
            DICTIONARIES: lambda: spend(dictionaries, file, name),
            NORMALIZED: lambda: spend(normalized, file, name),
        },
        [
            Measure(name, "s", "lower", goals, note="processor time"),
            Measure(f"{name}, memory", "MB", "lower", {DICTIONARIES: 0.5}),
        ],
        repeats=repeats,
    )


def figures() -> Iterator[Figure]:
    """Both layouts for both sizes."""
    with tempfile.TemporaryDirectory() as folder:
        for count, repeats in sized([(100_000, 5), (1_000_000, 1)], [(1_000, 1)]):
            file = Path(folder, "reply.json")
            write_reply(file, count)
            for layout in BUILDERS:
                yield from compare_layout(layout, file, count, repeats)


if __name__ == "__main__":
    main(figures)
