"""``run_sync``: documents of this machine through a solution, records at once."""

from __future__ import annotations

import argparse
import base64
import dataclasses
from typing import TYPE_CHECKING, Any

from ibflow_nb.api.errors import CommandError, Interrupted
from ibflow_nb.notebook.bodies import Body, to_request
from ibflow_nb.notebook.commands.base import Call, Command, Completes, argument
from ibflow_nb.notebook.commands.solutions import (
    OPTIONAL_NAME,
    OPTIONAL_VERSION,
    PACKAGE,
    title_of,
)
from ibflow_nb.notebook.commands.starting import options_of
from ibflow_nb.notebook.expansion import Word
from ibflow_nb.notebook.table import CsvText
from ibflow_nb.notebook.uploads import UploadProgress, Uploads

if TYPE_CHECKING:
    from ibflow_nb.api.solutions import RunSync, SyncOptions
    from ibflow_nb.frames import Records
    from ibflow_nb.notebook.context import Context

FORMATS = ("json", "csv")


def run_sync(context: Context, args: argparse.Namespace) -> Records | CsvText:
    """Send documents to a solution; give the records, or CSV."""
    from ibflow_nb.client.documents import gather

    request, files = _request(context, args, Uploads(context))
    documents = gather(files)
    title = title_of(request.name, request.version, request.solution_path)
    progress = UploadProgress(len(documents), "the documents are sent, the solution runs")
    context.screen.show_upload(progress, title)
    solutions = context.connection.client.solutions
    common: dict[str, Any] = {
        "name": request.name,
        "version": request.version,
        "solution_path": request.solution_path,
        "output_dir": request.output_dir,
        "write_to_cache": request.write_to_cache,
        "repo_name": request.repo_name,
        "progress": progress.report,
    }
    try:
        with progress:
            if request.options.result_format == "csv":
                return CsvText(solutions.run_sync_csv(documents, **common))
            features = request.options.refined_phrases_features
            return solutions.run_sync(documents, internal="internal_keys" in features, **common)
    except KeyboardInterrupt:
        raise Interrupted(
            "run_sync was given up here; what the server has begun it brings to its end."
        ) from None


def preview(context: Context, args: argparse.Namespace) -> Call:
    """Give the request, with sizes in place of the documents."""
    from ibflow_nb.api.endpoints import SOLUTION_RUN_SYNC
    from ibflow_nb.api.solutions import SyncFile
    from ibflow_nb.client.documents import gather

    uploads = Uploads(context, dry=True)
    request, files = _request(context, args, uploads)
    request.files = [
        SyncFile(file_name=document.name, file_content=f"({document.size} bytes in base64)")
        for document in gather(files)
    ]
    return Call(SOLUTION_RUN_SYNC, request, note=uploads.note)


def _request(
    context: Context, args: argparse.Namespace, uploads: Uploads
) -> tuple[RunSync, list[Any]]:
    """Make the request, and give the documents that it shall carry.

    Raises:
        CommandError: there is no document, or a parameter is wrong.
    """
    from ibflow_nb.api.solutions import RunSync

    options, files = _options(args)
    body = context.body or Body()
    listed = body.values.get("files")
    if listed is not None and files:
        raise CommandError(f"{body.where('files')}'files' is also given in the line.")
    if listed is not None:
        files = listed if isinstance(listed, list) else [listed]
    files = [one for file in files for one in (file if isinstance(file, list) else [file])]
    values = {key: value for key, value in body.values.items() if key != "files"}
    form = options.pop("result_format", None)
    request = to_request(
        RunSync, dataclasses.replace(body, values=values), {**options, "files": []}, call="run_sync"
    )
    request.options = _sync_options(request.options, form)
    if not files:
        raise CommandError(
            "run_sync has no documents to send: after NAME VERSION (or --solution PATH) come "
            "paths, patterns such as ./scans/*.pdf, or variables with bytes or open files."
        )
    request.solution_path = uploads.file(request.solution_path)
    return request, [_document(file) for file in files]


def _options(args: argparse.Namespace) -> tuple[dict[str, Any], list[Any]]:
    """Give the line's options and files; with ``--solution`` all words are files."""
    options = options_of(args)
    files = options.pop("files", [])
    if "solution_path" in options:
        words = [options.pop(key) for key in ("name", "version") if key in options]
        files = [*words, *files]
    return options, files


def _sync_options(options: SyncOptions, form: str | None) -> SyncOptions:
    """Ask for all that Records can show: pages and places of values."""
    from ibflow_nb.api.solutions import SyncOptions

    form = form or options.result_format
    if form not in FORMATS:
        raise CommandError("The format can be json or csv.")
    if form == "csv":
        return SyncOptions(result_format=form)
    internal = ["internal_keys"] if "internal_keys" in options.refined_phrases_features else []
    features = ["provenance_info", *internal]
    return SyncOptions(include_page_layouts=True, refined_phrases_features=features)


def _document(file: Any) -> Any:
    """Give a document in the client's terms; the API's own form carries base64."""
    if isinstance(file, Word):
        return file.value
    if isinstance(file, dict) and {"file_name", "file_content"} == set(file):
        content = file["file_content"]
        if isinstance(content, str):
            content = base64.b64decode(content)
        return (str(file["file_name"]), content)
    return file


COMMANDS = (
    Command(
        name="run_sync",
        summary="Send documents to a solution and give their records at once.",
        run=run_sync,
        preview=preview,
        takes_body=True,
        list_key="files",
        arguments=(
            OPTIONAL_NAME,
            OPTIONAL_VERSION,
            argument("files", metavar="FILES", nargs="*", completes=Completes.LOCAL,
                     help="local paths or patterns, or $variables with bytes or open files"),
            PACKAGE,
            argument("--format", dest="result_format", metavar="json|csv", choices=FORMATS,
                     help="records, or their text as CSV"),
            argument("--extract-to", dest="output_dir", metavar="DIR", completes=Completes.REMOTE,
                     help="drive path of the folder to unpack the solution into"),
            argument("--no-cache", dest="write_to_cache", action="store_false",
                     help="run again, also when the same was asked before"),
            argument("--repo", dest="repo_name", metavar="R",
                     help="subspace of the job's folders"),
        ),
        examples=(
            "run_sync receipts 1.0.0 ./scans/*.pdf -o records",
            "run_sync --solution ./receipts-1.0.0.ibsolution $content",
        ),
        details="In the cell form the body holds the files, one or more in a line, or the API's "
        "own\nparameters:\n\n  %%ibflow run_sync receipts 1.0.0\n  ./scans/*.pdf\n  $content\n\n"
        "  %%ibflow run_sync\n  name: receipts\n  version: 1.0.0\n  files: [./a.pdf, $content]",
    ),
)  # fmt: skip
