"""Flow steps with known behaviour, for tests of the engine; imported by its worker processes."""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Literal

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.local.documents.record import (
    Classification,
    Layout,
    PageMetadata,
    Record,
    RefinedPhrase,
    Region,
    load_records,
    save_records,
)
from ibflow_nb.local.steps.base import Outcome, Part, StepError, Task


class Read:
    """Reads a text file; its first word may tell it to misbehave."""

    name: ClassVar[str] = "read"
    scope: ClassVar[Literal["file", "batch"]] = "file"
    reads: ClassVar[Literal["source", "records"]] = "source"
    modules: ClassVar[tuple[str, ...]] = ("words_path",)

    def check(self, kwargs: dict[str, Any], modules: dict[str, str]) -> None:
        """Refuse one key."""
        if kwargs.get("wrong"):
            raise InvalidRequest("'wrong' must not be set.")

    def run(self, task: Task) -> Outcome:
        """Do the work."""
        text = Path(task.source).read_text()
        word = text.split()[0] if text.split() else ""
        misbehave(word, task)
        pages = text.split("\f")
        if len(pages) > 2 and task.part is None and not task.parts:
            return Outcome(split=[Part(number, number) for number in range(len(pages))])
        if task.part is not None:
            text = pages[task.part.first]
            misbehave(text.split()[0] if text.split() else "", task)
        if task.parts:
            text = "\f".join(load_records(Path(part))[0].text for part in task.parts)
        wait_for(task.kwargs.get("gate"))
        record = Record(
            text=text,
            metadata_list=[
                PageMetadata(Layout(100, 200, number, processed_image_path=f"images/{number}.jpg"))
                for number in range(text.count("\f") + 1)
            ],
        )
        save_records(task.record_file, [record])
        log = [f"read {len(text)} characters"] if task.log_to_timeline else []
        return Outcome(output=str(task.record_file), records=1, pages=len(pages), log=log)


class Extract:
    """Adds a field with the text's length, and an internal one."""

    name: ClassVar[str] = "extract"
    scope: ClassVar[Literal["file", "batch"]] = "file"
    reads: ClassVar[Literal["source", "records"]] = "records"
    modules: ClassVar[tuple[str, ...]] = ()

    def check(self, kwargs: dict[str, Any], modules: dict[str, str]) -> None:
        """Accept anything."""

    def run(self, task: Task) -> Outcome:
        """Do the work."""
        (record,) = load_records(Path(task.input))
        wait_for(task.kwargs.get("gate"))
        time.sleep(float(task.kwargs.get("seconds", 0)))
        record.refined_phrases = [
            RefinedPhrase("length", str(len(record.text)), "INT", "", 0.5, [Region(0, 1, 2, 3, 4)]),
            RefinedPhrase("__internal", "x"),
        ]
        record.classification_payload = Classification("note", 0.9)
        if "drop" in record.text:
            return Outcome()
        save_records(task.record_file, [record])
        return Outcome(output=str(task.record_file), records=1)


class Merge:
    """Puts the records of all files into the first one."""

    name: ClassVar[str] = "merge"
    scope: ClassVar[Literal["file", "batch"]] = "batch"
    reads: ClassVar[Literal["source", "records"]] = "records"
    modules: ClassVar[tuple[str, ...]] = ()

    def check(self, kwargs: dict[str, Any], modules: dict[str, str]) -> None:
        """Accept anything."""

    def run(self, task: Task) -> Outcome:
        """Do the work."""
        records = [record for item in task.items for record in load_records(Path(item.input))]
        output = Path(task.output_dir) / "merged.ibdoc"
        save_records(output, records)
        first = "nonsense" if task.kwargs.get("nonsense") else str(task.items[0].index)
        return Outcome(
            outputs={str(item.index): str(output) for item in task.items},
            record_counts={first: len(records)},
        )


class Checkpoint:
    """Stops the job until a file named by ``approval`` exists."""

    name: ClassVar[str] = "checkpoint"
    scope: ClassVar[Literal["file", "batch"]] = "file"
    reads: ClassVar[Literal["source", "records"]] = "records"
    modules: ClassVar[tuple[str, ...]] = ()

    def check(self, kwargs: dict[str, Any], modules: dict[str, str]) -> None:
        """Accept anything."""

    def run(self, task: Task) -> Outcome:
        """Do the work."""
        if not Path(task.kwargs["approval"]).exists():
            return Outcome(stop=f"{task.name} needs review.")
        save_records(task.record_file, load_records(Path(task.input)))
        return Outcome(output=str(task.record_file), records=1)


class Gatekeeper:
    """Lets files without the word REVIEW pass, the others once ``approval`` exists."""

    name: ClassVar[str] = "gatekeeper"
    scope: ClassVar[Literal["file", "batch"]] = "batch"
    reads: ClassVar[Literal["source", "records"]] = "records"
    modules: ClassVar[tuple[str, ...]] = ()

    def check(self, kwargs: dict[str, Any], modules: dict[str, str]) -> None:
        """Accept anything."""

    def run(self, task: Task) -> Outcome:
        """Do the work."""
        approved = Path(task.kwargs["approval"]).exists()
        passing = [
            item
            for item in task.items
            if approved or "REVIEW" not in load_records(Path(item.input))[0].text
        ]
        return Outcome(
            outputs={str(item.index): item.input for item in passing},
            record_counts={str(item.index): 1 for item in passing},
            stop="" if len(passing) == len(task.items) else "A file needs review.",
        )


def misbehave(word: str, task: Task) -> None:
    """Do what the first word of a file says."""
    if word in FAULTS:
        FAULTS[word](task)


def unreadable(task: Task) -> None:
    """Tell that a file is of no use."""
    raise StepError(f"{task.name} is not readable.")


def bug(task: Task) -> None:
    """Fail in a way that nobody foresaw."""
    raise KeyError("a bug")


def full(task: Task) -> None:
    """Find the disk full."""
    raise OSError(errno.ENOSPC, "No space left on device", task.output_dir)


def interrupt(task: Task) -> None:
    """Raise what is no Exception."""
    raise KeyboardInterrupt


def grow(task: Task) -> None:
    """Take more and more memory."""
    hoard = [bytearray(1024**2)]
    while hoard:
        hoard.append(bytearray(1024**2))


def crash_once(task: Task) -> None:
    """Die without a word, the first time only."""
    mark = Path(task.output_dir).parent.parent / f"{Path(task.name).name}.crashed"
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)


FAULTS: dict[str, Callable[[Task], object]] = {
    "UNREADABLE": unreadable,
    "BUG": bug,
    "FULL": full,
    "INTERRUPT": interrupt,
    "GROW": grow,
    "MEMORY": lambda task: bytearray(8 * 1024**3),
    "CRASH": lambda task: os.kill(os.getpid(), signal.SIGSEGV),
    "CRASHONCE": crash_once,
    "EXIT": lambda task: sys.exit(3),
    "HARDEXIT": lambda task: os._exit(3),
    "HANG": lambda task: time.sleep(600),
    "NATIVE": lambda task: ctypes.PyDLL(None).sleep(600),
}


def wait_for(gate: str | None) -> None:
    """Wait until a file exists."""
    while gate and not Path(gate).exists():
        time.sleep(0.005)


_STEPS = {step.name: step for step in (Read, Extract, Merge, Checkpoint, Gatekeeper)}
STEP_NAMES = tuple(_STEPS)


def get_step(name: str) -> Any:
    """Give a step by its name."""
    if name not in _STEPS:
        raise InvalidRequest(f"There is no flow step {name!r}.")
    return _STEPS[name]()
