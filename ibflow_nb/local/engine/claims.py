"""Which jobs write to which output folders: no two to the same one at the same time."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.local.drive import Drive
from ibflow_nb.local.engine.ledger import Ledger

_SPARE = 1_000


class Claims:
    """The output folders of jobs that have not ended; for the dispatcher's thread alone.

    The jobs are those of the ledger. What is kept here are their folders without symbolic links,
    by which a folder could have two names, and those of jobs that have ended since.
    """

    def __init__(self, ledger: Ledger, drive: Drive) -> None:
        self._ledger = ledger
        self._drive = drive
        self._jobs: dict[Path, str] = {}
        self._emptied: dict[Path, str] = {}  # folders that jobs empty before they begin
        self._refresh_at = 0

    def take(
        self,
        job_id: str,
        output: Path,
        *,
        deletes: bool = False,
        protected: Iterable[tuple[str, Path]] = (),
    ) -> None:
        """Claim an output folder for a job that begins, or begins again.

        Args:
            job_id: the job.
            output: its output folder.
            deletes: whether the folder is to be emptied first.
            protected: what must not be deleted: a name for it and its path.

        Raises:
            InvalidRequest: another job writes to the folder, or deleting would harm: one sentence
                that names the folder and the reason.
        """
        real = output.resolve()
        name = self._drive.path_of(output)
        if deletes and real == self._drive.root:
            raise InvalidRequest("delete_out_dir is refused for the root of the drive.")
        if len(self._jobs) >= self._refresh_at:
            self._refresh()
        other = self._jobs.get(real, job_id)
        if other != job_id and self._ledger.is_live(other):
            raise InvalidRequest(
                f"Job {other} still writes to the output folder '{name}': wait for it, cancel "
                "it, or set output_has_run_id."
            )
        self._check_emptied(job_id, real, name)
        if deletes:
            self._check_deletion(real, name, protected)
            self._emptied[real] = job_id
        self._jobs[real] = job_id

    def doubt(self) -> None:
        """Ask the ledger again next time: what was claimed since may not have been stored."""
        self._refresh_at = 0

    def _check_emptied(self, job_id: str, real: Path, name: str) -> None:
        for parent in real.parents if self._emptied else ():
            other = self._emptied.get(parent, job_id)
            if other != job_id and self._ledger.is_unprepared(other):
                raise InvalidRequest(
                    f"The output folder '{name}' lies in one that job {other} is about to empty: "
                    "try again in a moment."
                )

    def _check_deletion(self, real: Path, name: str, protected: Iterable[tuple[str, Path]]) -> None:
        self._refresh()
        for other, job_id in self._jobs.items():
            if other.is_relative_to(real) or real.is_relative_to(other):
                raise InvalidRequest(
                    f"delete_out_dir is refused: job {job_id} still writes to "
                    f"'{self._drive.path_of(other)}'."
                )
        for what, path in protected:
            if path.resolve().is_relative_to(real):
                raise InvalidRequest(
                    f"delete_out_dir is refused: the output folder '{name}' holds {what}."
                )

    def _refresh(self) -> None:
        """Forget the folders of jobs that have ended; learn those of an earlier platform's."""
        known = {job_id: real for real, job_id in self._jobs.items()}
        self._jobs = {
            known.get(job_id) or (self._drive.root / folder).resolve(): job_id
            for job_id, folder in self._ledger.live_outputs().items()
        }
        live = set(self._jobs.values())
        self._emptied = {path: one for path, one in self._emptied.items() if one in live}
        self._refresh_at = 2 * len(self._jobs) + _SPARE
