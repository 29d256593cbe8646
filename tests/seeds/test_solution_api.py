"""The requests of the document "Marketplace and Solution API", sent as it prints them.

Its paths are laid onto the drive as they stand, and each call is sent bare and under ``/api/v1``.
"""

from __future__ import annotations

import base64
import json
from itertools import count
from typing import Any

import pytest

PROJECT = "/jaydoe/my_repo/fs/Instabase Drive/flow_proj"
INPUT = f"{PROJECT}/data/input"
SOLUTION = f"{PROJECT}/my_solution.ibsolution"
MARKETPLACE = "system/global/fs/Instabase Drive/Applications/Marketplace/All"

FLOW = {
    "rootDir": ".",
    "steps": [
        {"step_name": "process_files", "kwargs": {"process_type": "auto_to_txt"}},
        {"step_name": "apply_refiner", "kwargs": {"refiner_path": "modules/w2.ibrefiner"}},
    ],
}
REFINER = {
    "fields": [
        {
            "desc": {"label": label, "outputType": "TEXT"},
            "req": {"expression": f"strip(scan_right(INPUT_COL, '{words}'))"},
        }
        for label, words in (("first_name", "First name:"), ("last_name", "Last name:"))
    ]
}
CODER = b"First name: Coder\nLast name: Maloder\n"
FIELDS = [("first_name", "Coder"), ("last_name", "Maloder")]
NUMBERS = count(1)


def pdf(*lines: str) -> bytes:
    """Make a PDF of one page with a text layer."""
    text = " ".join(f"1 0 0 1 72 {700 - 30 * n} Tm ({line}) Tj" for n, line in enumerate(lines))
    stream = f"BT /F1 14 Tf {text} ET"
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources 6 0 R>>",
        f"<</Length {len(stream)}>>stream\n{stream}\nendstream",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        "<</Font<</F1 5 0 R>>>>",
    ]
    body, places = "%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(body))
        body += f"{number} 0 obj{content}endobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(objects) + 1
    end = f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer<</Size {size}/Root 1 0 R>>"
    return f"{body}{end}\nstartxref\n{len(body)}\n%%EOF".encode()


@pytest.fixture(params=["", "/api/v1"], ids=["bare", "api_v1"])
def base(request: pytest.FixtureRequest) -> str:
    """What stands before each path: nothing, or /api/v1."""
    return str(request.param)


@pytest.fixture(scope="module")
def drive(seed_platform: Any) -> Any:
    """The platform with the document's project on its drive."""
    seed_platform.write(f"{INPUT}/a.txt", CODER)
    lay_content(seed_platform, f"{PROJECT}/content", name="my_solution")
    created = seed_platform.post(
        "/solution/create", {"content_folder": f"{PROJECT}/content", "output_folder": PROJECT}
    )
    made = seed_platform.root / created["output_path"]
    made.rename(seed_platform.root / SOLUTION.lstrip("/"))
    return seed_platform


def lay_content(platform: Any, folder: str, **package: str) -> None:
    """Write a content folder: package.json, a flow and its refiner."""
    whole = {"version": "1.0.0", "solution_type": "ibflowbin", **package}
    platform.write(f"{folder}/package.json", json.dumps(whole).encode())
    platform.write(f"{folder}/w2.ibflow", json.dumps(FLOW).encode())
    platform.write(f"{folder}/modules/w2.ibrefiner", json.dumps(REFINER).encode())


def publish(platform: Any, base: str, name: str, version: str = "1.0.0") -> str:
    """Create and publish a solution; give the path of its package."""
    folder = f"{PROJECT}/{name}-{version}"
    lay_content(platform, folder, name=name, version=version)
    created = platform.post(
        f"{base}/solution/create", {"content_folder": folder, "output_folder": folder}
    )
    assert created["status"] == "OK", created
    path = str(created["output_path"])
    published = platform.post(f"{base}/marketplace/publish", {"ibsolution_path": path})
    assert published == {"status": "OK"}
    return path


def install(platform: Any, base: str, name: str, version: str = "1.0.0") -> None:
    """Publish and install a solution."""
    publish(platform, base, name, version)
    body = {"name": name, "version": version}
    assert platform.post(f"{base}/marketplace/install", body) == {"status": "OK"}


def values(record: dict[str, Any]) -> list[tuple[str, str]]:
    """Give keys and values of a record."""
    return [(field["key"], field["value"]) for field in record["results"]]


def fresh(name: str) -> str:
    """Give a solution name that no other test uses."""
    return f"{name} {next(NUMBERS)}"


def sent(name: str, content: bytes) -> dict[str, str]:
    """Give an entry of ``files``."""
    return {"file_name": name, "file_content": base64.b64encode(content).decode("utf-8")}


def test_a_solution_is_packed_into_the_output_folder(drive: Any, base: str) -> None:
    """solution/create answers OK and writes <name>-<version>.ibsolution."""
    folder, output = f"{PROJECT}/{fresh('made')}", f"{PROJECT}/{fresh('out')}"
    lay_content(drive, folder, name="w2")
    reply = drive.post(
        f"{base}/solution/create", {"content_folder": folder, "output_folder": output}
    )
    assert reply["status"] == "OK"
    assert reply["output_path"] == f"{output}/w2-1.0.0.ibsolution".lstrip("/")
    assert "w2.ibflow was compiled" in reply["note"]
    assert "msg" not in reply
    assert (drive.root / reply["output_path"]).is_file()


def test_a_solution_is_packed_by_a_job(drive: Any, base: str) -> None:
    """With "async" the reply has a job id, whose result has the path of the package."""
    folder = f"{PROJECT}/{fresh('made')}"
    lay_content(drive, folder, name="w2")
    body = {"content_folder": folder, "output_folder": folder, "async": "true"}
    status = drive.finish(drive.post(f"{base}/solution/create", body)["job_id"])
    (result,) = status["results"]
    assert (status["state"], result["status"]) == ("DONE", "OK")
    assert (drive.root / result["solution_path"]).is_file()


def test_a_packing_job_that_fails_tells_why(drive: Any, base: str) -> None:
    """Its result is ERROR with the sentence that the plain call would answer."""
    folder = f"{PROJECT}/{fresh('empty')}"
    drive.write(f"{folder}/readme.md", b"")
    body = {"content_folder": folder, "output_folder": folder}
    sentence = drive.post(f"{base}/solution/create", body)["msg"]
    job_id = drive.post(f"{base}/solution/create", body | {"async": "true"})["job_id"]
    (result,) = drive.finish(job_id)["results"]
    assert result == {"status": "ERROR", "msg": sentence}
    assert "has no package.json" in sentence


def test_a_published_solution_lies_in_the_marketplace(drive: Any, base: str) -> None:
    """marketplace/publish answers OK, and the package lies at the system's path."""
    name = fresh("shown")
    path = publish(drive, base, name)
    placed = drive.root / MARKETPLACE / name / "1.0.0" / f"{name}-1.0.0.ibsolution"
    assert placed.read_bytes() == (drive.root / path).read_bytes()


def test_a_solution_is_published_by_a_job(drive: Any, base: str) -> None:
    """With "async" the result of the job says OK."""
    name = fresh("slowly")
    lay_content(drive, f"{PROJECT}/{name}", name=name)
    folders = {"content_folder": f"{PROJECT}/{name}", "output_folder": f"{PROJECT}/{name}"}
    path = drive.post(f"{base}/solution/create", folders)["output_path"]
    body = {"ibsolution_path": path, "async": "true"}
    status = drive.finish(drive.post(f"{base}/marketplace/publish", body)["job_id"])
    assert status["results"] == [{"status": "OK"}]
    assert name in [app["name"] for app in drive.get(f"{base}/marketplace/list")["apps"]]


def test_versions_are_listed_newest_first(drive: Any, base: str) -> None:
    """marketplace/list tells published and installed versions and where the packages lie."""
    name = fresh("listed")
    for version in ("1.9.0", "1.10.0"):
        publish(drive, base, name, version)
    drive.post(f"{base}/marketplace/install", {"name": name, "version": "1.9.0"})
    apps = drive.get(f"{base}/marketplace/list")["apps"]
    (app,) = [app for app in apps if app["name"] == name]
    assert app["available_versions"] == ["1.10.0", "1.9.0"]
    assert app["installed_versions"] == ["1.9.0"]
    assert app["src_paths"]["1.9.0"] == f"{MARKETPLACE}/{name}/1.9.0/{name}-1.9.0.ibsolution"


def test_an_installed_solution_runs_by_its_name(drive: Any, base: str) -> None:
    """solution/run answers both printed shapes, with the same job id."""
    name = fresh("w2")
    install(drive, base, name)
    out = f"{PROJECT}/{fresh('out')}"
    args = {"name": name, "version": "1.0.0", "input_folder": INPUT}
    reply = drive.post(f"{base}/solution/run", args | {"settings": {"output_dir": out}})
    assert reply["status"] == "OK"
    job_id = reply["data"]["job_id"]
    assert reply["solution"] == {"name": name, "version": "1.0.0", "job_id": job_id}
    assert reply["data"]["output_folder"] == out.lstrip("/")
    assert drive.finish(job_id)["results"][0]["output_folder"] == out.lstrip("/")
    results = drive.post("/api/v1/flow_binary/results", {"ibresults_path": out})
    assert [values(record) for record in results["records"]] == [FIELDS]


def test_a_package_runs_by_its_path_with_settings(drive: Any, base: str) -> None:
    """The document's Python sample, as it stands."""
    args = {
        "input_folder": INPUT,
        "solution_path": SOLUTION,
        "settings": {
            "delete_out_dir": False,
            "output_has_run_id": True,
            "notification_emails": [""],
        },
    }
    reply = drive.post(f"{base}/solution/run", args)
    assert reply["status"] == "OK", reply
    job_id = reply["data"]["job_id"]
    assert job_id in reply["data"]["output_folder"]
    assert drive.finish(job_id)["results"][0]["status"] == "OK"


def test_a_solution_job_restarts_as_any_other(drive: Any, base: str) -> None:
    """A new id, and the same records."""
    args = {
        "input_folder": INPUT,
        "solution_path": SOLUTION,
        "settings": {"output_has_run_id": True},
    }
    job_id = drive.post(f"{base}/solution/run", args)["data"]["job_id"]
    drive.finish(job_id)
    again = drive.post(f"{base}/flow/restart", {"job_id": job_id})["data"]["job_id"]
    assert again != job_id
    assert drive.finish(again)["results"][0]["status"] == "OK"


def test_the_status_of_an_execution_is_as_printed(drive: Any, base: str) -> None:
    """State, job id and cur_status as a string of JSON with total, index and curMsg."""
    args = {
        "input_folder": INPUT,
        "solution_path": SOLUTION,
        "settings": {"output_has_run_id": True},
    }
    job_id = drive.post(f"{base}/solution/run", args)["data"]["job_id"]
    first = drive.get(f"{base}/jobs/status", job_id=job_id)
    assert (first["status"], first["job_id"]) == ("OK", job_id)
    assert first["state"] in {"PENDING", "DONE"}
    drive.finish(job_id)
    last = drive.get(f"{base}/jobs/status", job_id=job_id)
    assert last["state"] == "DONE"
    current = json.loads(last["cur_status"])
    assert (current["total"], current["index"]) == (1, 1)
    assert current["curMsg"] == "Completed 1/1 file"


def test_a_solution_runs_while_the_caller_waits(drive: Any, base: str) -> None:
    """The document's Python sample of run_sync, with its name, file and fields."""
    publish(drive, base, "Demo Solution")
    encoded_string = base64.b64encode(pdf("First name: Coder", "Last name: Maloder"))
    api_args = {
        "name": "Demo Solution",
        "version": "1.0.0",
        "files": [{"file_name": "test.pdf", "file_content": encoded_string.decode("utf-8")}],
    }
    reply = drive.post(f"{base}/solution/run_sync", api_args)
    assert reply["status"] == "OK", reply
    (record,) = reply["records"]
    assert values(record) == FIELDS
    place = (record["file_name"], record["file_index"], record["record_index"])
    assert place == ("test.pdf", 0, 0)
    assert (drive.root / record["output_file_path"]).is_file()
    assert (drive.root / reply["binary_path"]).is_file()
    assert drive.get(f"{base}/jobs/status", job_id=reply["job_id"])["state"] == "DONE"


def run_sync(platform: Any, base: str, *files: dict[str, str], **args: Any) -> dict[str, Any]:
    """Run the document's package on files while the caller waits."""
    body = {"solution_path": SOLUTION, "files": list(files), **args}
    reply: dict[str, Any] = platform.post(f"{base}/solution/run_sync", body)
    assert reply["status"] == "OK", reply
    return reply


def test_run_sync_gives_csv(drive: Any, base: str) -> None:
    """options.result_format: one row a record, fields as columns."""
    reply = run_sync(drive, base, sent("a.txt", CODER), options={"result_format": "csv"})
    assert set(reply) == {"status", "job_id", "csv_text"}
    header, row = reply["csv_text"].splitlines()
    assert header.endswith("first_name,last_name")
    assert row.startswith("a.txt,0,0,")
    assert row.endswith("Coder,Maloder")


def test_run_sync_unpacks_the_solution_into_output_dir(drive: Any, base: str) -> None:
    """output_dir holds the content of the package; the binary in it is the one that ran."""
    folder = f"{PROJECT}/{fresh('unpacked')}"
    reply = run_sync(drive, base, sent("a.txt", CODER), output_dir=folder)
    assert reply["binary_path"] == f"{folder}/w2.ibflowbin".lstrip("/")
    local = drive.root / folder.lstrip("/")
    assert (local / "package.json").is_file()
    assert (local / "modules" / "w2.ibrefiner").is_file()


def test_run_sync_works_in_the_repository_that_is_named(drive: Any, base: str) -> None:
    """repo_name is the subspace of the job's folders."""
    reply = run_sync(drive, base, sent("a.txt", CODER), repo_name="other_repo")
    assert reply["binary_path"].startswith("local/other_repo/fs/Instabase Drive/")
    assert reply["records"][0]["output_file_path"].startswith("local/other_repo/fs/")
    default = run_sync(drive, base, sent("a.txt", CODER))
    assert default["records"][0]["output_file_path"].startswith("local/my-repo/fs/")


@pytest.mark.parametrize(("write", "same"), [("true", True), ("false", False)])
def test_run_sync_answers_from_the_cache_if_it_may(
    drive: Any, base: str, write: str, same: bool
) -> None:
    """write_to_cache decides whether the same request is run once more."""
    file = sent("a.txt", CODER + f"{base} {write}".encode())
    first = run_sync(drive, base, file, write_to_cache=write)
    again = run_sync(drive, base, file, write_to_cache=write)
    assert (again["job_id"] == first["job_id"]) is same


def test_run_sync_answers_several_files_in_their_order(drive: Any, base: str) -> None:
    """A file that is broken, by its base64 or its content, stops none of the others."""
    files = [
        sent("z.txt", b"First name: Zoe\nLast name: Zack\n"),
        {"file_name": "wrong.pdf", "file_content": "no base64!"},
        sent("a.pdf", b"%PDF-1.4 and no more"),
        sent("a.txt", CODER),
    ]
    records = run_sync(drive, base, *files)["records"]
    told = [(record["file_index"], record["file_name"], record["status"]) for record in records]
    assert told == [
        (0, "z.txt", "OK"),
        (1, "wrong.pdf", "ERROR"),
        (2, "a.pdf", "ERROR"),
        (3, "a.txt", "OK"),
    ]
    assert records[1]["error_msg"].startswith("File 1 (wrong.pdf): Its file_content")
    assert records[2]["error_msg"].startswith("File 2 (a.pdf): ")
    assert values(records[3]) == FIELDS


PACKAGE = {"name": "w2", "version": "1.0.0"}


@pytest.mark.parametrize(
    ("call", "body", "sentence"),
    [
        ("solution/create", {"output_folder": "a"}, "required key 'content_folder' is missing"),
        ("solution/create", {"content_folder": "a"}, "required key 'output_folder' is missing"),
        (
            "solution/create",
            {"content_folder": "no/such", "output_folder": "a"},
            "There is no file or folder 'no/such' on the drive.",
        ),
        ("marketplace/publish", {}, "required key 'ibsolution_path' is missing"),
        ("marketplace/publish", {"ibsolution_path": "no.ibsolution"}, "no.ibsolution"),
        ("marketplace/install", {"name": "w2"}, "required key 'version' is missing"),
        ("marketplace/install", {"name": "w2", "version": 1}, "'version' must be a string"),
        ("marketplace/install", {"name": "no", "version": "1.0.0"}, "no 1.0.0 is not published."),
        ("marketplace/install", {"name": "../x", "version": "1.0.0"}, "solution name '../x'"),
        ("marketplace/install", {"name": "no", "version": "1"}, "major.minor.patch"),
        ("marketplace/unpublish", {"name": "no", "version": "1.0.0"}, "no 1.0.0 is not published."),
        ("solution/run", PACKAGE, "required key 'input_folder' is missing"),
        ("solution/run", {"input_folder": INPUT}, "Give either 'name' and 'version', or"),
        ("solution/run", {"input_folder": INPUT, "name": "w2"}, "Give either 'name' and"),
        ("solution/run", {"input_folder": INPUT, "name": "no", "version": "1.0.0"}, "published"),
        (
            "solution/run",
            {"input_folder": "no/such", "solution_path": SOLUTION},
            "There is no file or folder 'no/such' on the drive.",
        ),
        (
            "solution/run",
            {"input_folder": INPUT, "solution_path": SOLUTION, "settings": {"tags": 1}},
            "'settings.tags' must be a list",
        ),
        ("solution/run_sync", PACKAGE, "required key 'files' is missing"),
        ("solution/run_sync", PACKAGE | {"files": []}, "'files' must hold at least one file"),
        ("solution/run_sync", PACKAGE | {"files": [{}]}, "required key 'files[0].file_name'"),
        ("solution/run_sync", {"files": [sent("a", b"")]}, "Give either 'name' and 'version', or"),
        (
            "solution/run_sync",
            {"files": [sent("a", b"")], "name": "no", "version": "1.0.0"},
            "no 1.0.0 is not published.",
        ),
        (
            "solution/run_sync",
            {"files": [sent("a", b"")], "options": {"result_format": "xml"}},
            "'options.result_format' must be json or csv",
        ),
        (
            "solution/run_sync",
            {"files": [sent("a", b"")], "solution_path": SOLUTION, "repo_name": "a/b"},
            "'a/b' cannot be the name of a repository",
        ),
    ],
)
def test_a_request_with_a_fault_is_answered_in_one_sentence(
    drive: Any, base: str, call: str, body: dict[str, Any], sentence: str
) -> None:
    """Missing keys, wrong types, unknown paths and solutions: HTTP 200, ERROR, one sentence."""
    reply = drive.post(f"{base}/{call}", body)
    assert set(reply) == {"status", "msg"}
    assert reply["status"] == "ERROR"
    assert sentence in reply["msg"]
    assert "\n" not in reply["msg"]


def test_a_published_solution_must_be_installed_to_run(drive: Any, base: str) -> None:
    """The sentence says what to do."""
    name = fresh("only published")
    publish(drive, base, name)
    body = {"name": name, "version": "1.0.0", "input_folder": INPUT}
    msg = drive.post(f"{base}/solution/run", body)["msg"]
    assert msg == (
        f"{name} 1.0.0 is published and not installed: install it first, with marketplace/install."
    )


def test_nothing_of_the_samples_leaves_temporary_files(drive: Any) -> None:
    """After all these calls no temporary file lies on the drive."""
    assert list(drive.root.rglob(".ibflow-*")) == []
    assert list((drive.root / ".ibflow" / "spool").iterdir()) == []
