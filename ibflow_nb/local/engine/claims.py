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
        self._most = 0

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
        if len(self._jobs) >= self._most:
            self._refresh()
        other = self._jobs.get(real, job_id)
        if other != job_id and self._ledger.is_live(other):
            raise InvalidRequest(
                f"Job {other} still writes to the output folder '{name}': wait for it, cancel "
                "it, or set output_has_run_id."
            )
        if deletes:
            self._check_deletion(real, name, protected)
        self._jobs[real] = job_id

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
        self._most = 2 * len(self._jobs) + _SPARE
