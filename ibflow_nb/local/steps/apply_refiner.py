"""The step ``apply_refiner``: fields of each record by a refiner program."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Literal

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.local.documents.record import (
    BrokenRecords,
    RefinedPhrase,
    load_records,
    save_records,
)
from ibflow_nb.local.refiner.program import load_program
from ibflow_nb.local.steps.base import Outcome, StepError, Task
from ibflow_nb.local.steps.page_images import follow_images

MODULE = "refiner_path"


class ApplyRefiner:
    """Runs a refiner program on each record of a file.

    kwargs:
        refiner_path: the ``.ibrefiner`` file, relative to the flow's ``rootDir``.
        settings: none of its own.

    A record's ``refined_phrases`` get the program's fields in order; a field of an earlier
    refiner stays unless the program has one of the same label.
    """

    name: ClassVar[str] = "apply_refiner"
    scope: ClassVar[Literal["file", "batch"]] = "file"
    reads: ClassVar[Literal["source", "records"]] = "records"
    modules: ClassVar[tuple[str, ...]] = (MODULE,)

    def check(self, kwargs: dict[str, Any], modules: dict[str, str]) -> None:
        """Refuse a step without a program, or with a broken one.

        Raises:
            InvalidRequest: one sentence that names the key, or the label and the position.
        """
        if MODULE not in modules:
            raise InvalidRequest(f"The step apply_refiner needs {MODULE!r} in its kwargs.")
        try:
            load_program(modules[MODULE])
        except InvalidRequest as error:
            raise InvalidRequest(f"{kwargs.get(MODULE, MODULE)}: {error}") from error

    def run(self, task: Task) -> Outcome:
        """Refine the records of one file.

        Raises:
            StepError: the record file of the step before cannot be read.
        """
        program = load_program(task.modules[MODULE])
        try:
            records = load_records(Path(task.input))
        except BrokenRecords as error:
            raise StepError(f"{task.name}: {error}") from error
        follow_images(records, Path(task.input).parent, task.record_file.parent)
        log: list[str] = []
        for number, record in enumerate(records):
            phrases = program.run(record, task.limits)
            labels = {phrase.label for phrase in phrases}
            earlier = [old for old in record.refined_phrases if old.label not in labels]
            record.refined_phrases = [*earlier, *phrases]
            if task.log_to_timeline:
                log += [_log_line(task.name, number, phrase) for phrase in phrases]
        save_records(task.record_file, records)
        return Outcome(output=str(task.record_file), records=len(records), log=log)


def _log_line(name: str, number: int, phrase: RefinedPhrase) -> str:
    shown = phrase.error_msg if phrase.error_msg else " ".join(phrase.word.split())[:100]
    return f"{name}, record {number}, {phrase.label}: {shown}"
