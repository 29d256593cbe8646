"""From a reply's bytes to a wide frame: Records against json.loads and a dictionary a row.

    python benchmarks/records_to_frame.py [RECORDS]

Each record has 15 text fields, one in twenty missing. Prints the best of three runs of each and
their ratio; both frames are checked to hold the same values.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable

import pandas as pd

from ibflow_nb.frames import Records

FIELDS = 15
MISSING = 0.05
RUNS = 3


def make_reply(count: int) -> bytes:
    """Make a reply of ``run_sync`` with this many records."""
    draw = random.Random(0)
    records = [
        {
            "file_name": f"{number}.pdf",
            "file_index": number,
            "record_index": 0,
            "output_file_path": f"local/my-repo/fs/Instabase Drive/out/{number}.pdf.ibdoc",
            "classification_label": "receipt",
            "results": [
                {"key": f"field_{field}", "value": f"value {number} {field}", "field_type": "TEXT"}
                for field in range(FIELDS)
                if draw.random() > MISSING
            ],
        }
        for number in range(count)
    ]
    return json.dumps({"records": records, "job_id": "benchmark"}).encode()


def by_records(reply: bytes) -> pd.DataFrame:
    """The way of this package."""
    return Records.from_json(reply).to_frame()


def by_dictionaries(reply: bytes) -> pd.DataFrame:
    """The obvious way."""
    return pd.DataFrame(
        [
            {
                "file_name": record["file_name"],
                "file_index": record["file_index"],
                "record_index": record["record_index"],
                "class_label": record["classification_label"],
                "output_file_path": record["output_file_path"],
                **{field["key"]: field["value"] for field in record["results"]},
            }
            for record in json.loads(reply)["records"]
        ]
    )


def best_time(build: Callable[[bytes], pd.DataFrame], reply: bytes) -> float:
    """Give the CPU seconds of the fastest run: other work on the machine does not count."""
    times = []
    for _ in range(RUNS):
        started = time.process_time()
        build(reply)
        times.append(time.process_time() - started)
    return min(times)


def main() -> None:
    """Measure both and print their ratio."""
    reply = make_reply(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
    pd.testing.assert_frame_equal(by_records(reply), by_dictionaries(reply), check_like=True)
    ours, theirs = best_time(by_records, reply), best_time(by_dictionaries, reply)
    print(f"CPU time for {len(reply) / 1e6:.0f} MB: Records {ours:.2f} s, json {theirs:.2f} s")
    print(f"ratio {theirs / ours:.1f}")


if __name__ == "__main__":
    main()
