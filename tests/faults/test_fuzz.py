"""Fuzzers for all that is parsed outside a worker: a result, or a refusal in a sentence.

``IBFLOW_NB_TEST_CASES`` sets how many cases each gets; the same number gives the same cases.
"""

from __future__ import annotations

import base64
import io
import itertools
import json
import os
import random
import shutil
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from damaging import damage
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ibflow_nb.api.errors import IbflowError, InvalidRequest
from ibflow_nb.local.archives import extract_archive, pack_archive
from ibflow_nb.local.documents.layout import compose, page_from_text
from ibflow_nb.local.documents.options import PageRanges
from ibflow_nb.local.drive import Drive
from ibflow_nb.local.engine.plan import Planner
from ibflow_nb.local.limits import Limits
from ibflow_nb.local.refiner.functions import function_names
from ibflow_nb.local.refiner.program import load_program
from ibflow_nb.local.server.spool import JsonSpooler
from ibflow_nb.local.solutions.package import open_solution
from ibflow_nb.local.steps.registry import STEP_NAMES

pytestmark = [pytest.mark.faults, pytest.mark.timeout(7200)]

CASES = int(os.environ.get("IBFLOW_NB_TEST_CASES", "150"))
MANY = settings(max_examples=CASES, suppress_health_check=list(HealthCheck))

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
    | st.sampled_from(["..", "/", "a.ibrefiner", "\0", "../../x", "fields.ibrefiner", *STEP_NAMES]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)  # fmt: skip
KWARGS = st.dictionaries(
    st.sampled_from(
        ["refiner_path", "classifier_path", "settings", "ocr_config", "process_type", "paths",
         "page_range", "passwords", "output_format", "script_path", "expression", "odd"]
    ),
    JSON_VALUES,
)  # fmt: skip
STEPS = st.fixed_dictionaries(
    {"step_name": st.sampled_from([*STEP_NAMES, "no_step"]) | JSON_VALUES},
    optional={"kwargs": KWARGS | JSON_VALUES, "option": JSON_VALUES},
)
FLOWS = st.one_of(
    st.binary(max_size=40),
    JSON_VALUES.map(lambda value: json.dumps(value).encode()),
    st.fixed_dictionaries(
        {"steps": st.lists(STEPS, max_size=3) | JSON_VALUES},
        optional={"rootDir": st.sampled_from([".", "..", "../../..", "/", "\0"]) | JSON_VALUES},
    ).map(lambda value: json.dumps(value).encode()),
)


def test_flow_files(tmp_path: Path) -> None:
    """Reading a flow file gives steps or a documented error."""
    planner = Planner(Drive(tmp_path), "ibflow_nb.local.steps.registry")
    (tmp_path / "fields.ibrefiner").write_text("{}")

    @MANY
    @given(content=FLOWS)
    def read(content: bytes) -> None:
        (tmp_path / "f.ibflow").write_bytes(content)
        try:
            assert planner.load("f.ibflow").steps
        except IbflowError as error:
            assert str(error).endswith(".")

    read()


NAMES = st.sampled_from(
    [
        "package.json",
        "w2.ibflowbin",
        "w2/package.json",
        "w2/b.ibflowbin",
        "../x",
        "/x",
        "C:x",
        "a\\b",
    ]
) | st.text(max_size=5)


def test_packages(tmp_path: Path) -> None:
    """Whatever a zip holds and wherever it is broken, it opens or is refused, and stays inside."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("f.ibflow", '{"steps": []}')
    package = json.dumps({"name": "w2", "version": "1.0.0"}).encode()
    path, folder = tmp_path / "p.ibsolution", tmp_path / "unpacked"
    limits = Limits(archive_bytes=10**6, archive_files=20)
    contents = st.sampled_from([inner.getvalue(), package, b"", b"{}", b"[1", b"\xff"])

    @MANY
    @given(
        entries=st.dictionaries(NAMES, contents | st.binary(max_size=9), max_size=4),
        how=st.sampled_from(["as it is", "cut", "flip", "overwrite"]),
        rng=st.randoms(use_true_random=False),
    )
    def opened(entries: dict[str, bytes], how: str, rng: random.Random) -> None:
        pack_archive(path, {"package.json": package, "w2.ibflowbin": inner.getvalue()} | entries)
        if how != "as it is":
            path.write_bytes(damage(path.read_bytes(), how, rng))
        for read in (open_solution, lambda path, limits: extract_archive(path, folder, limits)):
            folder.mkdir(exist_ok=True)
            try:
                read(path, limits)
            except IbflowError as error:
                assert str(error).endswith(".")
            except OSError:
                assert read is not open_solution  # a name that this file system refuses
            assert {entry.name for entry in tmp_path.iterdir()} == {path.name, folder.name}
            shutil.rmtree(folder)

    opened()


PIECES = [
    *"()[],=!+-*/<>'\\%\" \n01",
    *["==", "<>", "<=", ">=", "and", "or", "not", "true", "INPUT_COL", "'text'", "1.5", "sep="],
    *(f"{name}(" for name in function_names()),
]
EXPRESSIONS = st.recursive(
    st.sampled_from(
        ["INPUT_COL", "before", "'Total'", "''", "1", "-2.5", "true", "[]", "'(a+)+$'"]
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.tuples(st.sampled_from(function_names()), st.lists(inner, max_size=4)).map(
            lambda call: f"{call[0]}({', '.join(call[1])})"
        ),
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "==", "<", "and", "or"]), inner).map(
            lambda parts: f"({' '.join(parts)})"
        ),
    ),
    max_leaves=12,
)
PROGRAMS = EXPRESSIONS | st.lists(st.sampled_from(PIECES), max_size=30).map("".join) | st.text()


def test_refiner_programs() -> None:
    """A program is refused with its field's name, or gives a phrase on any text."""

    @MANY
    @given(expression=PROGRAMS, text=st.text(max_size=100))
    def run(expression: str, text: str) -> None:
        written = {"before": "regex_search(INPUT_COL, '[0-9]+')", "x": expression}
        fields = [
            {"desc": {"label": label}, "req": {"expression": value}}
            for label, value in written.items()
        ]
        try:
            program = load_program(json.dumps({"fields": fields}))
        except InvalidRequest as error:
            assert "'x'" in str(error)
            assert str(error).endswith(".")
            return
        record = compose([page_from_text(text)])
        phrases = program.run(record, Limits(regex_seconds=0.2))
        assert [phrase.label for phrase in phrases] == ["before", "x"]
        assert all((phrase.word == "ERROR") >= bool(phrase.error_msg) for phrase in phrases)

    run()


def test_refiner_files() -> None:
    """Any bytes as a program file are read, or refused in a sentence."""
    keys = st.sampled_from(["fields", "desc", "req", "label", "expression", "outputType", "x"])
    values = st.recursive(
        JSON_VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner)
    )

    @MANY
    @given(text=st.text() | values.map(json.dumps))
    def read(text: str) -> None:
        try:
            load_program(text)
        except InvalidRequest as error:
            assert str(error).endswith(".")

    read()


def test_a_list_of_pages_selects_what_it_says_or_is_refused() -> None:
    """A list of pages is what it says by hand, or refused; huge numbers cost nothing."""
    pieces = st.sampled_from([*"0123456789,- ", "9" * 5000, "\u0663", "\t", "1-3", "5-"])
    texts = st.lists(pieces, max_size=10).map("".join) | st.text(max_size=12)

    @MANY
    @given(text=texts, count=st.integers(0, 30))
    def read(text: str, count: int) -> None:
        try:
            pages = PageRanges.parse(text).select(count)
        except InvalidRequest as error:
            assert str(error).endswith(".")
            return
        wanted = set() if text.strip() else set(range(count))
        for item in text.split(",") if text.strip() else ():
            first, dash, last = item.partition("-")
            end = (int(last.strip()) if last.strip() else count) if dash else int(first.strip())
            wanted |= set(range(int(first.strip()) - 1, min(end, count)))
        assert pages == sorted(wanted)

    read()


STEPS_UP = [
    *[
        "..",
        ".",
        "a",
        "up",
        "state",
        ".ibflow",
        ".IBFLOW",
        ".ib\u200cflow",
        "\uff0e\uff0e",
        "~",
        "C:",
    ],
    *[
        "%2e%2e",
        "%252e%252e",
        "%2F",
        "..%2f",
        "..\\",
        "..%5c",
        "\u2025",
        "\uff0eibflow",
        ".ibflow.",
    ],
    *["", " ", "\0", "%00", "\ud800", "x" * 300, "e\u0301", "\u202e", ".ib\u00adflow", "\u2215.."],
]


def test_paths(tmp_path: Path) -> None:
    """No path leads out of the drive or into its state, in any spelling and through any link."""
    root = tmp_path / "root"
    (root / ".ibflow").mkdir(parents=True)
    (root / "a").mkdir()
    links = {"up": tmp_path, "state": root / ".ibflow", "a/up": root.parent, "a/round": root / "a"}
    for name, target in links.items():
        (root / name).symlink_to(target)
    drive = Drive(root)
    names = st.sampled_from([*STEPS_UP, "round"])
    joined = st.lists(names, max_size=8).map("/".join) | st.lists(names, max_size=8).map("".join)
    paths = joined | joined.map(lambda path: quote(path, errors="replace")) | st.text()

    @MANY
    @given(path=paths)
    def resolve(path: str) -> None:
        for find in (drive.resolve, drive.place, drive.locate):
            try:
                local = Path(os.path.realpath(find(path)))
            except IbflowError as error:
                assert str(error).endswith(".")
                assert str(error).isprintable()
                continue
            assert local.is_relative_to(drive.root)
            assert not local.is_relative_to(drive.state)
            assert drive.owns(local)

    resolve()


def test_spooled_bodies(tmp_path: Path) -> None:
    """A body cut anywhere and damaged anyhow is read as JSON reads it, or refused."""
    values = st.recursive(
        JSON_VALUES | st.binary(min_size=9, max_size=80).map(base64.b64encode).map(bytes.decode),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=40), inner),
    )
    bodies = values.map(lambda value: json.dumps(value).encode())

    @MANY
    @given(
        body=bodies,
        how=st.sampled_from(["as it is", "as it is", "cut", "flip", "overwrite"]),
        cuts=st.lists(st.integers(0, 500), max_size=6),
        rng=st.randoms(use_true_random=False),
    )
    def spool(body: bytes, how: str, cuts: list[int], rng: random.Random) -> None:
        whole = how == "as it is" or len(body) < 2
        sent = body if whole else damage(body, how, rng)
        folder = tmp_path / "spool"
        folder.mkdir()
        spooler = JsonSpooler(folder, limit=50, rest=500, threshold=12)
        try:
            told = received(spooler, sent, cuts)
            assert not whole or spelt_out(told, spooler) == spelt_out(json.loads(body), spooler)
        except InvalidRequest as error:
            assert str(error).endswith(".")
        except ValueError:
            assert not whole
        finally:
            spooler.close()
            shutil.rmtree(folder)

    spool()


def received(spooler: JsonSpooler, body: bytes, cuts: list[int]) -> Any:
    """Feed a body in pieces; give its JSON with tokens in place of long strings."""
    edges = [0, *sorted(cut % (len(body) + 1) for cut in cuts), len(body)]
    for start, end in itertools.pairwise(edges):
        spooler.feed(body[start:end])
    return json.loads(spooler.finish())


def spelt_out(value: Any, spooler: JsonSpooler) -> str:
    """Give JSON text in which each long string is what it decodes to, or what is wrong with it."""

    def spell(value: Any) -> Any:
        if isinstance(value, list):
            return [spell(item) for item in value]
        if isinstance(value, dict):  # a long key becomes a token too
            return {"keys": len(value), "values": [spell(item) for item in value.values()]}
        if isinstance(value, str):
            file = spooler.spooled(value) or spooler.decoded(value)
            return file.error or file.path.read_bytes().hex()
        return value

    return json.dumps(spell(value))
