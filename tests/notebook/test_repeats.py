"""A request that runs already is not sent again by accident."""

from __future__ import annotations

from typing import Any

import pytest

RUN = "run a/b/fs/D/x.ibflow --input a/b/fs/D/in"
CELL = "%%ibflow run\nibflow_path: $flow\ninput_dir: a/b/fs/D/in"


@pytest.fixture
def run(shell: Any, server: Any) -> Any:
    """Give a function that runs a cell, and gives its value or the sentence of its error."""
    shell.run_cell(f"%ibflow connect {server.url}")
    shell.user_ns["flow"] = "a/b/fs/D/x.ibflow"

    def run_cell(cell: str) -> Any:
        result = shell.run_cell(cell)
        return str(result.error_in_exec) if result.error_in_exec else result.result

    return run_cell


@pytest.mark.parametrize("second", [f"%ibflow {RUN}", CELL], ids=["line", "cell"])
def test_a_second_run_names_the_first(run: Any, server: Any, second: str) -> None:
    """While the same request runs, in whatever form it was written, nothing is sent."""
    run(f"%ibflow {RUN}")
    server.set("job-0001", curProgress=0.25)
    assert run(second) == (
        "Job job-0001 does the same and is RUNNING (25%): '%ibflow attach job-0001' shows it, "
        "--again starts another one."
    )
    assert len(server.calls("run_flow_async")) == 1


def test_again_sends_it(run: Any, server: Any) -> None:
    """With --again there are two, and a third is refused for the sake of the second."""
    run(f"%ibflow {RUN}")
    assert run(f"%ibflow {RUN} --again").id == "job-0002"
    assert "job-0002 does the same" in run(f"%ibflow {RUN}")


@pytest.mark.parametrize("other", [" --tag july", " --output a/b/fs/D/other", " --delete-out"])
def test_another_request_is_no_repeat(run: Any, other: str) -> None:
    """One parameter makes a difference."""
    run(f"%ibflow {RUN}")
    assert run(f"%ibflow {RUN}{other}").id == "job-0002"


def test_an_ended_job_stands_in_nobodys_way(run: Any, server: Any) -> None:
    """The server's word counts, also when the poller has not heard it yet."""
    job = run(f"%ibflow {RUN}")
    server.set(job.id, status="COMPLETE")
    assert run(f"%ibflow {RUN}").id == "job-0002"


def test_restarts_are_guarded_too(run: Any) -> None:
    """A job is not restarted twice at the same time by accident."""
    run(f"%ibflow {RUN}")
    run("%ibflow restart job-0001")
    assert "Job job-0002 does the same" in run("%ibflow restart job-0001")
    assert run("%ibflow rerun job-0001 --again").id == "job-0003"


@pytest.mark.parametrize("state", ["RUNNING", "COMPLETE", "forgotten"])
def test_jobs_of_an_earlier_kernel_are_asked_after(
    run: Any, shell: Any, server: Any, state: str
) -> None:
    """After a restart the history knows the job, and one question tells how it stands."""
    run(f"%ibflow {RUN}")
    shell.run_line_magic("unload_ext", "ibflow_nb")
    shell.run_line_magic("load_ext", "ibflow_nb")
    run(f"%ibflow connect {server.url}")
    server.jobs["job-0001"]["status"] = state
    if state == "forgotten":
        del server.jobs["job-0001"]
        server.set("job-9999")
    before = len(server.calls("jobs/status"))
    second = run(f"%ibflow {RUN}")
    if state == "RUNNING":
        assert second.startswith("Job job-0001 does the same")
        assert len(server.calls("jobs/status")) == before + 1
    else:
        assert second.id == "job-0002"


def test_another_server_or_organisation_is_no_repeat(run: Any, server: Any) -> None:
    """The same words to somebody else are another request."""
    run(f"%ibflow {RUN}")
    run(f"%ibflow connect {server.url} --context other")
    assert run(f"%ibflow {RUN}").id == "job-0002"


def test_plain_python_is_not_guarded(run: Any, shell: Any, server: Any) -> None:
    """Whoever calls the client twice means it."""
    shell.run_cell(f"client = %ibflow connect {server.url}")
    start = "client.flows.run('a/b/fs/D/x.ibflow', 'a/b/fs/D/in').id"
    assert [run(start), run(start)] == ["job-0001", "job-0002"]
