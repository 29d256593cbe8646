"""Solutions and the marketplace (source: Marketplace and Solution API document)."""

from __future__ import annotations

from typing import Any

import msgspec

from ibflow_nb.api.flow import RunOptions, Submission
from ibflow_nb.api.results import ResultRecord
from ibflow_nb.api.schema import Envelope, Reply, Request


class CreateSolution(Request):
    """Body of ``solution/create`` (source: section "Package a solution").

    Attributes:
        content_folder: drive path of the folder with ``package.json`` and the flow binary.
        output_folder: drive path of the folder for the ``.ibsolution``; may be the same.
        run_async: answer a job id at once; ``async`` on the wire.
    """

    content_folder: str
    output_folder: str
    run_async: bool = msgspec.field(default=False, name="async")


class CreateSolutionReply(Envelope, omit_defaults=True):
    """Reply of ``solution/create``.

    Attributes:
        output_path: drive path of the new package.
        job_id: where ``async`` was asked for, instead of the path.
        note: what was compiled, for content without a flow binary.
    """

    output_path: str = ""
    job_id: str = ""
    note: str = ""


class PublishSolution(Request):
    """Body of ``marketplace/publish`` (section "Publish a solution to Marketplace")."""

    ibsolution_path: str
    run_async: bool = msgspec.field(default=False, name="async")


class PublishReply(Envelope, omit_defaults=True):
    """Reply of ``marketplace/publish``; a job id where ``async`` was asked for."""

    job_id: str = ""


class SolutionVersion(Request):
    """Body of install and unpublish: a name and a version, ``major.minor.patch``."""

    name: str
    version: str


class MarketplaceApp(Reply, omit_defaults=False):
    """One solution of the marketplace; versions newest first, paths by version."""

    name: str
    available_versions: list[str] = []
    installed_versions: list[str] = []
    open_urls: dict[str, str] = {}
    src_paths: dict[str, str] = {}


class MarketplaceQuery(Request):
    """Query of ``marketplace/list``; there is nothing to ask for."""


class MarketplaceReply(Envelope):
    """Reply of ``marketplace/list``."""

    apps: list[MarketplaceApp]


class RunSolution(Request):
    """Body of ``solution/run`` (section "Run a solution").

    Attributes:
        input_folder: drive path of the folder with the documents.
        name: an installed solution; with ``version``.
        version: its version.
        solution_path: drive path of an ``.ibsolution``, instead of both.
        settings: options of the run.
    """

    input_folder: str
    name: str = ""
    version: str = ""
    solution_path: str = ""
    settings: RunOptions = msgspec.field(default_factory=RunOptions)


class RunningSolution(Reply):
    """The ``solution`` key of the reply."""

    name: str
    version: str
    job_id: str


class RunSolutionReply(Envelope):
    """Reply of ``solution/run``: both shapes that the document prints."""

    data: Submission
    solution: RunningSolution


class SyncFile(Request):
    """One file of ``run_sync``: its name and its content in base64."""

    file_name: str
    file_content: str


class SyncOptions(Request):
    """``options`` of ``run_sync``: ``result_format`` is ``json`` or ``csv``.

    ``refined_phrases_features`` and ``include_page_layouts`` mean what they mean in
    ``flow_binary/results``.
    """

    result_format: str = "json"
    refined_phrases_features: list[str] | dict[str, bool] = []
    include_page_layouts: bool = False


class RunSync(Request):
    """Body of ``solution/run_sync`` (section "Run a solution in sync mode").

    Attributes:
        files: names and contents; the server spools the contents to disk as they arrive.
        name: an installed or published solution; with ``version``.
        version: its version.
        solution_path: drive path of an ``.ibsolution``, instead of both.
        output_dir: drive path of the folder to extract the solution into.
        options: form of the result.
        write_to_cache: answer the same request from the cache the next time.
        repo_name: subspace that the job's folders are made in.
    """

    files: list[SyncFile]
    name: str = ""
    version: str = ""
    solution_path: str = ""
    output_dir: str = ""
    options: SyncOptions = msgspec.field(default_factory=SyncOptions)
    write_to_cache: bool = True
    repo_name: str = "my-repo"


class RunSyncReply(Envelope):
    """Reply of ``run_sync`` as JSON."""

    records: list[ResultRecord]
    binary_path: str
    job_id: str


class RunSyncCsvReply(Envelope):
    """Reply of ``run_sync`` with ``result_format: "csv"``."""

    job_id: str
    csv_text: str


class Package(msgspec.Struct):
    """``package.json`` of a solution; keys beyond these are kept and not needed.

    Attributes:
        name: unique name.
        version: ``major.minor.patch``.
    """

    name: str
    version: str
    solution_type: str = "ibflowbin"
    short_description: str = ""
    long_description: str = ""
    authors: list[str] = []
    dependencies: dict[str, Any] = {}
