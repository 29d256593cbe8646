"""The folders of a run: which files it reads, where it writes, and what it may delete."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable
from pathlib import Path

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.api.flow import RunOptions
from ibflow_nb.local.atomic import TEMPORARY_PREFIX
from ibflow_nb.local.drive import Drive

RESULTS_FILE = "batch.ibflowresults"


def list_inputs(drive: Drive, folder: Path, output: Path) -> list[str]:
    """List the files of an input folder and its sub-folders, sorted by name.

    Hidden files and folders (our temporary files are hidden too), links that lead out of the
    drive or into its state, the run's own output and outputs of earlier runs inside the folder
    are left out.

    Returns:
        Names relative to the folder, with ``/``.

    Raises:
        InvalidRequest: a folder cannot be read, or a file's name is not valid UTF-8.
    """
    names = []
    for parent, folders, files in os.walk(folder, onerror=_refuse):
        here = Path(parent)
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".")
            and here / name != output
            and not (here / name / RESULTS_FILE).exists()
        ]
        names += [
            (here / name).relative_to(folder).as_posix()
            for name in files
            if not name.startswith(".") and name != RESULTS_FILE and _is_input(drive, here / name)
        ]
    for name in names:
        if not name.isprintable() and any("\ud800" <= letter <= "\udfff" for letter in name):
            raise InvalidRequest(f"The file name {name!a} is not valid UTF-8: rename the file.")
    return sorted(names)


def input_names(drive: Drive, folder: Path, output: Path, suffix: str = "") -> list[str]:
    """List the files that a run reads: their names without a suffix that all of them must have.

    Raises:
        InvalidRequest: there are none, or as for :func:`list_inputs`.
    """
    names = [
        name.removesuffix(suffix)
        for name in list_inputs(drive, folder, output)
        if name.endswith(suffix)
    ]
    if not names:
        what = f"record files ({suffix})" if suffix else "files"
        path = drive.path_of(folder)
        raise InvalidRequest(f"The input folder '{path}' holds no {what} to process.")
    return names


def _refuse(error: OSError) -> None:
    name = Path(error.filename).name
    raise InvalidRequest(f"The input folder '{name}' cannot be read: {error.strerror}.")


def _is_input(drive: Drive, path: Path) -> bool:
    """Tell whether a path is a plain file, or a link to one of the drive's."""
    return path.is_file() and (not path.is_symlink() or drive.owns(path))


def output_folder(
    drive: Drive, options: RunOptions, input_dir: Path, *, user: str, job_id: str
) -> Path:
    """Give the output folder of a run; nothing is made yet.

    The default is ``input_dir/../out``; with ``output_has_run_id`` it is
    ``run_<user>/<time>/<job_id>/out`` beside the input folder, or in ``output_dir`` when that
    is given (source: Flow API document, "Run a flow"). Times are UTC.

    Raises:
        InvalidRequest: the folder would lie outside the drive, is a file or the input folder.
    """
    if options.output_dir is not None:
        base = drive.place(options.output_dir)
    elif input_dir == drive.root:
        raise InvalidRequest("The input folder has no parent on the drive: give an output_dir.")
    else:
        base = input_dir.parent
    if options.output_has_run_id:
        stamp = time.strftime("%Y-%m-%d-%H:%M:%S", time.gmtime())
        folder = base / f"run_{user}" / stamp / job_id / "out"
    else:
        folder = base if options.output_dir is not None else base / "out"
    exists = folder.exists()
    if exists and folder.samefile(input_dir):
        raise InvalidRequest("The output folder must not be the input folder itself.")
    if exists and not folder.is_dir():
        raise InvalidRequest(f"The output '{drive.path_of(folder)}' is a file, not a folder.")
    return drive.resolve(drive.path_of(folder))


def clear_folder(folder: Path, trash: Path) -> None:
    """Empty a folder: its entries are moved away at once, then deleted.

    Args:
        folder: it may be absent.
        trash: a folder of the platform's state, on the same file system.

    Raises:
        OSError: an entry cannot be moved.
    """
    if folder.is_dir():
        trash.mkdir(parents=True, exist_ok=True)
        for child in list(folder.iterdir()):
            child.rename(trash / child.name)
    shutil.rmtree(trash, ignore_errors=True)


def sweep(folders: Iterable[Path]) -> None:
    """Delete the temporary files that killed workers left in these folders."""
    for folder in folders:
        for path in folder.rglob(f"{TEMPORARY_PREFIX}*"):
            path.unlink(missing_ok=True)
