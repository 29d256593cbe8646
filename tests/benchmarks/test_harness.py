"""Benchmarks: measured in turn, told as ratios, and each of them still runs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from benchmarks.harness import Absent, Measure, compare, compare_all, fresh, report, suite
from benchmarks.harness.data import ROOT
from benchmarks.harness.figure import Better

# Those that read scans take minutes also on few pages; the tests of OCR run the same code.
SMOKE = sorted({*suite.names()} - {"extraction_accuracy", "ocr_accuracy", "scans"})


def counting(log: list[str], name: str, *values: float) -> Callable[[], float]:
    """Give a measurement that notes its turn and gives one value after the other."""
    left = list(values)

    def run() -> float:
        log.append(name)
        return left.pop(0)

    return run


def missing() -> float:
    """Stand for an alternative that is not installed."""
    raise ModuleNotFoundError("No module named 'other'")


def allocate(megabytes: str) -> Callable[[], object]:
    """Give what takes memory, for the measurement in a fresh process."""
    return lambda: len(bytearray(b"x") * (int(megabytes) << 20))


def import_absent() -> Callable[[], object]:
    """Miss a package."""
    raise ModuleNotFoundError("No module named 'other'")


def test_ours_and_the_alternatives_take_turns() -> None:
    """Each repeat measures all, so that a slow minute of the machine hits all."""
    log: list[str] = []
    ours, other = counting(log, "ours", 1, 2, 3), counting(log, "other", 4, 4, 4)
    figure = compare("x", ours, {"other": other}, unit="s", better="lower", repeats=3)
    assert log == ["ours", "other"] * 3
    assert figure.values == [1, 2, 3]
    assert figure.alternatives[0].ratios == [0.25, 0.5, 0.75]


@pytest.mark.parametrize(
    ("better", "goal", "met"),
    [("lower", 0.5, "yes"), ("lower", 0.4, "NO"), ("higher", 0.5, "yes"), ("higher", 0.6, "NO")],
)
def test_a_goal_is_met_from_the_good_side(better: Better, goal: float, met: str) -> None:
    """The median ratio must be at most the goal where lower is better, else at least."""
    figure = compare(
        "x", lambda: 1, {"other": lambda: 2}, unit="s", better=better, goals={"other": goal}
    )
    (row,) = report.rows(figure)
    assert row[-1] == met


def test_our_own_value_may_have_a_limit() -> None:
    """A limit in the unit has a row of its own."""
    figure = compare("x", lambda: 21, {"other": lambda: 1}, unit="ms", better="lower", limit=20)
    first, second = report.rows(figure)
    assert first == ("x", "21 [21-21] ms", "", "", "", "≤ 20 ms", "NO")
    assert second[2:4] == ("other", "1 [1-1] ms")


def test_an_alternative_that_is_not_installed_is_told_and_the_others_go_on() -> None:
    """Its row says what is missing."""
    figure = compare("x", lambda: 1, {"a": missing, "b": lambda: 2}, unit="s", better="lower")
    first, second = report.rows(figure)
    assert first[2:4] == ("a", "not measured: No module named 'other'")
    assert second[4] == "0.5 [0.5-0.5]"


def test_one_run_may_give_several_values() -> None:
    """A value that an alternative does not give is left out of its rows."""
    measures = [Measure("time", "s", "lower"), Measure("memory", "MB", "lower")]
    time, memory = compare_all(
        lambda: {"time": 1, "memory": 2}, {"other": lambda: {"time": 4}}, measures, repeats=2
    )
    assert time.alternatives[0].ratios == [0.25, 0.25]
    assert memory.values == [2, 2]
    assert memory.alternatives == []


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_a_fresh_process_tells_what_a_function_took() -> None:
    """Memory counts from before the function to its peak; its value comes along."""
    spent = fresh(allocate, "64")
    assert spent.value == 64 << 20
    assert 60 < spent.extra < 140
    assert spent.seconds > 0


def test_a_fresh_process_without_the_package_is_absent() -> None:
    """What is missing there is told as if it were missing here."""
    with pytest.raises(Absent, match="No module named 'other'"):
        fresh(import_absent)


def test_the_page_gets_the_kept_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what stands between the marks changes."""
    page, kept = tmp_path / "page.md", tmp_path / "results.json"
    page.write_text("before\n" + "\nold\n".join(suite.MARKS) + "\nafter\n", "utf-8")
    figure = compare("a | b", lambda: 1, {"other": lambda: 2}, unit="s", better="lower", note="n")
    subject = report.Subject([figure], missing="there is no scanner")
    results = report.Results(report.Machine("Linux", 2, "3.13", {"pandas": "3"}), {"it": subject})
    kept.write_bytes(msgspec.json.encode(results))
    monkeypatch.setattr(suite, "PAGE", page)
    monkeypatch.setattr(suite, "RESULTS", kept)
    suite.write_page()
    text = page.read_text("utf-8")
    assert text.startswith(f"before\n{suite.MARKS[0]}")
    assert text.endswith(f"{suite.MARKS[1]}\nafter\n")
    assert "old" not in text
    assert "| a / b | 1 [1-1] s | other | 2 [2-2] s | 0.5 [0.5-0.5] |  |  |" in text
    assert "Not all was measured: there is no scanner." in text


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
@pytest.mark.parametrize("name", SMOKE)
def test_each_benchmark_runs(name: str, tmp_path: Path) -> None:
    """Once, on small data, with what alternatives there are."""
    file = tmp_path / "figures.json"
    command = [sys.executable, "-m", f"benchmarks.{name}", "--quick", "--json", str(file)]
    subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    subject = msgspec.json.decode(file.read_bytes(), type=report.Subject)
    assert subject.figures or subject.missing
