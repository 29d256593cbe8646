"""Pictures of pages on demand, so that runs spend no time and no disk on them."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from ibflow_nb.api.errors import InvalidRequest, NotFound
from ibflow_nb.api.results import PageImage, PageImageQuery
from ibflow_nb.local.drive import Drive
from ibflow_nb.local.engine.executor import Executor, UnitFailure
from ibflow_nb.local.engine.ledger import Ledger
from ibflow_nb.local.engine.model import Plan
from ibflow_nb.local.settings import Settings
from ibflow_nb.local.steps.base import Task

_SIDES = range(100, 5_001)
_SECONDS = 60.0
_MEDIA_TYPES = {".webp": "image/webp", ".svg": "image/svg+xml"}


class PageDrawer:
    """Draws pages of records in the workers that run flows; any thread may ask."""

    def __init__(
        self, drive: Drive, ledger: Ledger, executor: Executor, settings: Settings
    ) -> None:
        self._drive = drive
        self._ledger = ledger
        self._executor = executor
        self._settings = settings

    def draw(self, query: PageImageQuery) -> PageImage:
        """Draw a page: the image that OCR kept, else of its PDF, else its words.

        Raises:
            NotFound: there is no such record file.
            InvalidRequest: it has no such page, or the picture cannot be drawn.
        """
        if query.longest_side not in _SIDES:
            raise InvalidRequest(
                f"page_image: longest_side is {query.longest_side}, not {_SIDES[0]} to"
                f" {_SIDES[-1]}."
            )
        if query.page_number < 0 or query.record_index < 0:
            raise InvalidRequest("page_image: page_number and record_index count from 0.")
        records = self._drive.locate(query.ibocr_path)
        with TemporaryDirectory(prefix="page-", dir=self._settings.state_dir) as folder:
            future = self._executor.submit(self._task(query, records, folder), _SECONDS)
            try:
                picture = Path(future.result().output)
            except UnitFailure as error:
                raise InvalidRequest(
                    f"Page {query.page_number + 1} of {records.name} cannot be drawn: "
                    f"{str(error).rstrip('.')}."
                ) from error
            return PageImage(media_type=_MEDIA_TYPES[picture.suffix], content=picture.read_bytes())

    def _task(self, query: PageImageQuery, records: Path, folder: str) -> Task:
        return Task(
            job_id=query.job_id,
            step="draw_page",
            kwargs=self._reading(query.job_id)
            | {
                "page_number": query.page_number,
                "record_index": query.record_index,
                "longest_side": query.longest_side,
            },
            source=str(records),
            input=str(records),
            name=records.name,
            index=0,
            output_dir=folder,
            drive_path=self._drive.path_of(records),
            limits=self._settings.limits,
        )

    def _reading(self, job_id: str) -> dict[str, Any]:
        """Give the kwargs with which a run reads its files: they hold the passwords."""
        try:
            plan = msgspec.json.decode(self._ledger.job(job_id).plan, type=Plan)
        except NotFound:
            return {}
        return next((step.kwargs for step in plan.steps if step.name == "process_files"), {})
