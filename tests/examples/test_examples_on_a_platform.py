"""The example workspace on an embedded platform, run as whole jobs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

import ibflow_nb
from ibflow_nb.api.flow import ReviewedRecord
from ibflow_nb.api.jobs import JobState
from ibflow_nb.client import Client
from ibflow_nb.examples import EXAMPLES, WORKSPACE
from ibflow_nb.local.launch import stop_platform

MIXED = f"{EXAMPLES}/mixed"
SCAN = "saltmarsh-kiosk.jpg"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A platform with the examples on its drive."""
    root = tmp_path_factory.mktemp("platform")
    try:
        with ibflow_nb.connect("local", root=root) as connected:
            yield connected
    finally:
        stop_platform(root)


def test_metaflow_reads_each_document_with_the_flow_of_its_class(client: Client) -> None:
    """The frame has the true class and fields of each mixed document."""
    truth = msgspec.json.decode((WORKSPACE / "mixed/truth.json").read_bytes())
    del truth[SCAN]  # read by a slow test; here nothing is recognised
    folder = "local/my-repo/fs/Instabase Drive/printed/input"
    for name in truth:
        client.files.copy(f"{MIXED}/input/{name}", f"{folder}/{name}")
    classifier = f"{MIXED}/classifier/documents.ibclassifier"
    job = client.flows.run_metaflow(f"{MIXED}/flows", classifier, folder)
    frame = job.wait(60).to_frame().set_index("file_name")
    assert {name: frame.loc[name, list(truth[name])].to_dict() for name in truth} == truth


def test_reviewed_invoice_passes_the_checkpoint(client: Client) -> None:
    """The job stops at the misprint, and completes with the total that a reviewer gives."""
    job = client.flows.run(f"{EXAMPLES}/checked/checked.ibflow", f"{EXAMPLES}/checked/input")
    assert job.wait(60).state is JobState.STOPPED_AT_CHECKPOINT
    held = job.to_frame().set_index("file_name").loc["port-ellery-glaziers.pdf"]
    client.jobs.review(
        job.id, [ReviewedRecord(file_index=int(held["file_index"]), values={"total": "772.42"})]
    )
    job.resume()
    assert job.wait(60).state is JobState.COMPLETE
    assert (
        job.to_frame().set_index("file_name").loc["port-ellery-glaziers.pdf", "total"] == "772.42"
    )


def test_solution_reads_receipts_without_installation(client: Client) -> None:
    """The content folder becomes a package that gives the true fields of a printed receipt."""
    truth = msgspec.json.decode((WORKSPACE / "receipts/truth.json").read_bytes())
    package = client.solutions.create(f"{EXAMPLES}/solutions/receipts", f"{EXAMPLES}/packages")
    receipt = Path(WORKSPACE / "receipts/input/harbour-hotel.pdf")
    records = client.solutions.run_sync(receipt, solution_path=package.output_path)
    frame = records.to_frame()
    assert frame.loc[0, list(truth[receipt.name])].to_dict() == truth[receipt.name]
