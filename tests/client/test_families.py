"""Flows, jobs and results: what is sent, and what comes back."""

from __future__ import annotations

import asyncio
import inspect
import json
from typing import Any

import httpx
import pytest

from ibflow_nb.api.errors import ApiError, InvalidRequest, NotFound
from ibflow_nb.api.flow import ReviewedRecord
from ibflow_nb.api.jobs import JobState
from ibflow_nb.client import Client

SUBMITTED = {"status": "OK", "data": {"job_id": "job-7", "output_folder": "a/b/fs/D/out"}}
RUNNING = {"status": "OK", "state": "PENDING", "cur_status": '{"status": "RUNNING"}'}


class Server:
    """Answers by path, and keeps what it was sent."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.sent: list[tuple[str, Any]] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        """Give the answer laid ready for the last part of the path."""
        await request.aread()
        call = request.url.path.rsplit("/", 1)[-1]
        if request.method == "GET":
            body: Any = dict(request.url.params)
        else:
            body = json.loads(request.content)
        if call != "status":
            self.sent.append((request.url.path, body))
        answer = self.answers.get(call, RUNNING if call == "status" else SUBMITTED)
        return httpx.Response(200, json=answer(body) if callable(answer) else answer)


@pytest.fixture
def talk(connected: Any) -> Any:
    """Give a maker of a client and the server that it talks to."""

    def make(**answers: Any) -> tuple[Client, Server]:
        server = Server(**answers)
        return connected(server), server

    return make


def test_a_flow_is_run_with_all_its_parameters(talk: Any) -> None:
    """Parameters are sent by their API names, defaults are not sent."""
    client, server = talk()
    job = client.flows.run(
        "f.ibflow",
        "in",
        output_has_run_id=True,
        tags=["x"],
        step_timeout=-1,
        webhook_config={"url": "http://hook.test", "headers": {"A": "b"}},
    )
    assert (job.id, job.state, job.output_folder) == ("job-7", JobState.PENDING, "a/b/fs/D/out")
    assert server.sent == [
        (
            "/api/v1/flow/run_flow_async",
            {
                "ibflow_path": "f.ibflow",
                "input_dir": "in",
                "output_has_run_id": True,
                "tags": ["x"],
                "step_timeout": -1,
                "webhook_config": {"url": "http://hook.test", "headers": {"A": "b"}},
            },
        )
    ]


def test_unknown_parameters_are_refused_with_a_guess(talk: Any) -> None:
    """A typing error is not swallowed, and nothing is sent."""
    client, server = talk()
    with pytest.raises(InvalidRequest, match=r"'outptu_dir'; did you mean 'output_dir'\?"):
        client.flows.run("f.ibflow", "in", outptu_dir="x")
    with pytest.raises(InvalidRequest, match="'zzz'; it knows output_dir, "):
        client.flows.run("f.ibflow", "in", zzz=1)
    with pytest.raises(InvalidRequest, match="'step_timeout' must be an integer"):
        client.flows.run("f.ibflow", "in", step_timeout="soon")
    assert server.sent == []


@pytest.mark.parametrize(
    ("start", "path", "body"),
    [
        (
            lambda flows: flows.run_step("f.ibflow", 0),
            "run_step_async",
            {"ibflow_path": "f.ibflow", "step_index": 0},
        ),
        (
            lambda flows: flows.run_standalone_step("process_files", input_folder="i"),
            "run_step_async",
            {"step_json_str": '{"step_name":"process_files","kwargs":{"input_folder":"i"}}'},
        ),
        (
            lambda flows: flows.run_metaflow("flows", "c.ibclassifier", "in", delete_out_dir=True),
            "run_metaflow_async",
            {
                "flow_root_dir": "flows",
                "classifier_file_path": "c.ibclassifier",
                "input_dir": "in",
                "delete_out_dir": True,
            },
        ),
        (
            lambda flows: flows.run_all("flows", "in"),
            "run_flows_async",
            {"flow_root_dir": "flows", "input_dir": "in"},
        ),
        (
            lambda flows: flows.run_binary("b.ibflowbin", "in", tags=["t"]),
            "run_binary_async",
            {"binary_path": "b.ibflowbin", "input_dir": "in", "settings": {"tags": ["t"]}},
        ),
    ],
)
def test_every_start_gives_a_job(talk: Any, start: Any, path: str, body: Any) -> None:
    """Steps, metaflows, folders of flows and binaries are started like flows."""
    client, server = talk()
    assert start(client.flows).id == "job-7"
    assert server.sent == [(f"/api/v1/flow/{path}", body)]


def test_compiling_and_exporting_give_values(talk: Any) -> None:
    """The binary's path, and the CSV text."""
    client, _ = talk(
        compile={"status": "OK", "job_id": "c", "binary_path": "x/build/bin/f.ibflowbin"},
        review_batch={"status": "OK", "csv_text": "a,b"},
    )
    reply = client.flows.compile("x", settings={"flow_file": "f.ibflow"})
    assert reply.binary_path == "x/build/bin/f.ibflowbin"
    assert client.flows.export_csv("x/out") == "a,b"


def test_a_job_is_found_by_its_id(talk: Any) -> None:
    """The state is known at once."""
    client, _ = talk(status={"status": "OK", "state": "DONE", "results": {"status": "OK"}})
    assert client.jobs.get("job-9").state is JobState.COMPLETE
    client, _ = talk(status={"status": "ERROR", "msg": "No such job."})
    with pytest.raises(NotFound, match="Job job-9: the server says: No such job; "):
        client.jobs.get("job-9")


def test_job_lists_are_read_page_by_page(talk: Any) -> None:
    """Pages are followed up to the limit, on our own server whatever host they name."""

    def page(query: dict[str, str]) -> Any:
        offset = int(query.get("offset", 0))
        jobs = [
            {"job_id": f"j{offset + n}", "state": "COMPLETE", "kind": "flow"} for n in range(200)
        ]
        url = f"http://evil.test/api/v1/jobs/list?tags=a%2Cb&limit=200&offset={offset + 200}"
        return {"status": "OK", "jobs": jobs, "next_page": url}

    client, server = talk(list=page)
    found = client.jobs.list(tags=["a", "b"], limit=450)
    assert [job.job_id for job in found] == [f"j{n}" for n in range(450)]
    assert [query.get("offset") for _, query in server.sent] == [None, "200", "400"]
    assert {query["tags"] for _, query in server.sent} == {"a,b"}


def test_jobs_are_controlled_by_id(talk: Any) -> None:
    """Each verb is a POST of the id."""
    ok = {"status": "OK"}
    client, server = talk(cancel=ok, pause=ok, resume=ok, retry=ok, pipelines=ok, review=ok)
    for verb in ("cancel", "pause", "resume", "retry"):
        getattr(client.jobs, verb)("j")
    client.jobs.set_pipelines("j", ["p"])
    client.jobs.review("j", [ReviewedRecord(file_index=1, values={"a": "b"})], reviewer="me")
    assert client.jobs.restart("j").id == "job-7"
    assert server.sent == [
        ("/api/v1/jobs/cancel", {"job_id": "j"}),
        ("/api/v1/jobs/pause", {"job_id": "j"}),
        ("/api/v1/jobs/resume", {"job_id": "j"}),
        ("/api/v1/jobs/retry", {"job_id": "j"}),
        ("/api/v1/jobs/pipelines", {"job_id": "j", "pipeline_ids": ["p"]}),
        (
            "/api/v1/flow/review",
            {
                "job_id": "j",
                "records": [{"file_index": 1, "values": {"a": "b"}}],
                "reviewer": "me",
            },
        ),
        ("/api/v1/flow/restart", {"job_id": "j"}),
    ]


def test_logs_are_read_to_the_end(talk: Any) -> None:
    """Later pages begin after the lines that are there."""

    def page(query: dict[str, str]) -> Any:
        first = "offset" not in query
        lines = [{"ts": "t", "log": "one"}, {"ts": "t", "log": "two"}]
        return {"status": "OK", "job_id": "j", "logs": lines, "has_more": first}

    client, server = talk(logs=page)
    assert [line.log for line in client.jobs.logs("j")] == ["one", "two", "one", "two"]
    assert server.sent[1][1]["offset"] == "2"


@pytest.mark.parametrize("files", [1, 20, 21, 61, 230])
def test_results_are_read_whole_and_in_order(talk: Any, files: int) -> None:
    """Pages of 20 files, fetched at the same time, come back in the run's order."""

    def page(body: dict[str, Any]) -> Any:
        first = body.get("file_offset", 0)
        names = range(first, min(first + 20, files))
        return {
            "status": "OK",
            "records": [{"file_name": f"f{n}", "file_index": n} for n in names],
            "job_id": "j",
            "has_more": first + 20 < files,
        }

    client, server = talk(results=page)
    records = client.results.get("a/b/fs/D/out/")
    assert [record.file_index for record in records] == list(range(files))
    assert records.job_id == "j"
    assert server.sent[0][1] == {
        "ibresults_path": "a/b/fs/D/out/batch.ibflowresults",
        "options": {
            "include_page_layouts": True,
            "refined_phrases_features": ["provenance_info"],
        },
    }


def test_pages_of_results_are_asked_for_at_the_same_time(connected: Any) -> None:
    """The last four are under way together, answer last one first, and are put in order."""
    last = 7
    answered = [asyncio.Event() for _ in range(last + 1)]

    async def answer(request: httpx.Request) -> httpx.Response:
        number = json.loads(await request.aread()).get("file_offset", 0) // 20
        if last - 4 < number < last:
            await asyncio.wait_for(answered[number + 1].wait(), 10)
        answered[number].set()
        records = [{"file_name": f"f{number}", "file_index": number}]
        reply = {"status": "OK", "records": records, "has_more": number < last}
        return httpx.Response(200, json=reply)

    records = connected(answer).results.get("out")
    assert [record.file_index for record in records] == list(range(last + 1))


def test_results_may_be_named_by_their_file(talk: Any) -> None:
    """A path to the results file itself is sent as it is; its absence is an error."""
    client, server = talk(results={"status": "ERROR", "msg": "Nothing at x."})
    with pytest.raises(ApiError, match=r"^flow_results: Nothing at x\.$"):
        client.results.get("x/other.ibflowresults")
    assert server.sent[0][1]["ibresults_path"] == "x/other.ibflowresults"


def test_calls_can_be_awaited(talk: Any) -> None:
    """Inside a running loop the same methods are awaited by their ``aio``."""
    client, _ = talk(review_batch={"status": "OK", "csv_text": "a"})

    async def cell() -> str:
        async with client:
            return await client.flows.export_csv.aio("x")

    assert asyncio.run(cell()) == "a"


def test_calls_keep_their_help(talk: Any) -> None:
    """Name, documentation and signature of a method are those of its definition."""
    client, _ = talk()
    assert client.flows.run.__doc__.startswith("Run a flow.")
    assert client.flows.run.__name__ == "run"
    assert "ibflow_path" in str(inspect.signature(client.flows.run))
    assert repr(client) == "Client('http://server.test')"


def test_a_closed_client_watches_no_more(connected: Any) -> None:
    """Who waits for a board of many jobs is released, and the server is asked no more."""
    job = {"job_id": "j-1", "state": "RUNNING", "kind": "flow", "num_files": 2, "num_done": 1}
    client = connected(lambda _: httpx.Response(200, json={"status": "OK", "jobs": [job]}))
    board = client.jobs.watch()
    client.close()
    assert board.wait(60).snapshot.note == "Not watched any more."
