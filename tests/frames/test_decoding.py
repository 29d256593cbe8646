"""Replies become records; in long ones, texts that repeat are one string each."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest

from ibflow_nb.api.errors import BadReply
from ibflow_nb.api.results import Field, ResultRecord
from ibflow_nb.frames import Records

COUNT = 4_000


def make_reply(*last: dict[str, Any]) -> bytes:
    """Make a reply above the length from which repeated texts are looked for."""
    records: list[dict[str, Any]] = [
        {
            "file_name": f"{number}.pdf",
            "results": [
                {"key": key, "value": f"{number} {'x' * 50}", "field_type": "TEXT"}
                for key in ("Größe", "total", 'say "hi"')
            ],
            "classification_label": "receipt",
        }
        for number in range(COUNT)
    ]
    reply = json.dumps({"records": [*records, *last]}, ensure_ascii=False).encode()
    assert len(reply) > 1 << 20
    return reply


def test_repeated_texts_of_a_long_reply_are_one_string() -> None:
    """A label, a type and a class that all records have are held once."""
    simple = make_reply().replace(rb"say \"hi\"", b"greeting")
    first, *_, last = Records.from_json(simple)
    assert first.results[0].key is last.results[0].key
    assert first.results[0].field_type is last.results[0].field_type
    assert first.classification_label is last.classification_label


@pytest.mark.parametrize(
    "last",
    [
        {"results": [{"key": "seen once", "value": "1"}]},
        {"results": [{"key": "total", "value": "1", "field_type": "OF ANOTHER SERVER"}]},
        {"status": "HELD", "classification_label": "letter"},
    ],
)
def test_texts_that_only_one_record_has_are_read(last: dict[str, Any]) -> None:
    """A label, type, status or class may turn up in the last of many records."""
    records = Records.from_json(make_reply(last))
    (expected,) = Records.from_json(json.dumps({"records": [last]}).encode())
    assert len(records) == COUNT + 1
    assert records[-1] == expected


def test_labels_are_read_in_any_writing() -> None:
    """Labels with escapes and beyond ASCII come out of a long reply as of a short one."""
    record = Records.from_json(make_reply())[COUNT // 2]
    assert [field.key for field in record.results] == ["Größe", "total", 'say "hi"']


def test_records_of_long_replies_are_those_of_short_ones() -> None:
    """They have the same classes, are equal to each other, and survive pickling."""
    record = Records.from_json(make_reply())[7]
    assert type(record) is ResultRecord
    assert type(record.results[0]) is Field
    assert record == pickle.loads(pickle.dumps(record))
    assert record.results[1] == Field("total", f"7 {'x' * 50}", "TEXT")


def test_a_long_reply_of_another_shape_is_refused_by_its_place() -> None:
    """The error names where the reply is wrong, as for a short one."""
    with pytest.raises(BadReply, match=rf"records\[{COUNT}\].results\[0\].key"):
        Records.from_json(make_reply({"results": [{"key": 1}]}))
