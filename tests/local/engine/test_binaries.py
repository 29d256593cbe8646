"""Compiling flows into binaries, and running these."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ibflow_nb.api.errors import InvalidRequest, NotFound
from ibflow_nb.api.flow import CompileBinary, RunBinary

FLOW = json.dumps({"steps": [{"step_name": "read", "kwargs": {}}]}).encode()


@pytest.fixture
def project(platform: Any) -> Any:
    """A platform with one input file and a flow that reads a module."""
    platform.files(a="one")
    platform.flow({"name": "read", "words_path": "modules/words.txt"}, "extract")
    (platform.project / "modules").mkdir()
    (platform.project / "modules" / "words.txt").write_text("alpha")
    return platform


def compile_binary(platform: Any, **body: Any) -> Path:
    """Compile something of the project; give the binary's local path."""
    body.setdefault("flow_project_root", platform.drive.path_of(platform.project))
    body.setdefault("settings", {"flow_file": "flow.ibflow"})
    return Path(
        platform.drive.resolve(platform.engine.compile(msgspec.convert(body, CompileBinary)))
    )


def run_binary(platform: Any, path: Path, **settings: Any) -> str:
    """Run a binary on the project's input to its end; give the job id."""
    request = {
        "input_dir": platform.drive.path_of(platform.input),
        "binary_path": platform.drive.path_of(path),
        "settings": settings,
    }
    job_id: str = platform.engine.run_binary(msgspec.convert(request, RunBinary)).job_id
    assert platform.engine.wait(job_id, 60)
    return job_id


def packed(platform: Any, **entries: bytes) -> Path:
    """Lay a zip onto the drive as a binary; ``__`` stands for ``/`` in entry names."""
    path: Path = platform.project / "made.ibflowbin"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name.replace("__", "/").replace("_ibflow", ".ibflow"), content)
    return path


def refusal(platform: Any, path: Path) -> str:
    """Run a binary that is refused; give the sentence."""
    with pytest.raises(InvalidRequest) as caught:
        run_binary(platform, path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_binary_lies_in_build_bin_unless_a_path_is_given(project: Any) -> None:
    """The default is ``<root>/build/bin/<flow>.ibflowbin``."""
    assert compile_binary(project) == project.project / "build" / "bin" / "flow.ibflowbin"
    wanted = project.project.parent / "there" / "x.ibflowbin"
    drive_path = f"/{project.drive.path_of(wanted)}"
    assert compile_binary(project, predefined_binary_path=drive_path) == wanted
    assert wanted.is_file()


def test_a_binary_runs_like_its_flow(project: Any) -> None:
    """The records of the binary are those of the flow that it was compiled from."""
    path = compile_binary(project)
    from_flow = project.records(project.run(output_dir="me/x/fs/d/flow"))
    from_binary = project.records(run_binary(project, path, output_dir="me/x/fs/d/binary"))
    assert [record.results for record in from_binary] == [record.results for record in from_flow]


def test_a_binary_needs_nothing_of_its_project(project: Any) -> None:
    """Flow and modules are read from the binary even when the originals are gone."""
    path = compile_binary(project)
    (project.project / "flow.ibflow").unlink()
    (project.project / "modules" / "words.txt").unlink()
    assert project.status(run_binary(project, path)).status == "COMPLETE"


def test_a_module_named_by_its_drive_path_is_found_in_the_binary(project: Any) -> None:
    """Such a path ends with the entry's name."""
    module = project.drive.path_of(project.project / "modules" / "words.txt")
    project.flow({"name": "read", "words_path": f"/{module}"})
    path = compile_binary(project)
    (project.project / "modules" / "words.txt").unlink()
    assert project.status(run_binary(project, path)).status == "COMPLETE"


def test_the_output_keeps_the_binary_itself(project: Any) -> None:
    """With save_binary_to_output the very bytes that were run lie beside the results."""
    path = compile_binary(project)
    output = project.output(run_binary(project, path))
    assert (output / "flow.ibflowbin").read_bytes() == path.read_bytes()


def test_a_binary_job_restarts_as_one(project: Any) -> None:
    """The new job has its own id and runs the binary again."""
    job_id = run_binary(project, compile_binary(project), output_has_run_id=True)
    again = project.engine.restart(job_id).job_id
    assert again != job_id
    assert project.engine.wait(again, 60)
    assert len(project.records(again)) == 1


def test_a_binary_of_other_origin_runs_its_only_flow(project: Any) -> None:
    """No manifest is needed; modules lie where the flow says, in a sub-folder too."""
    flow = {"steps": [{"step_name": "read", "kwargs": {"words_path": "m.txt"}}], "rootDir": ".."}
    path = packed(project, flows__x_ibflow=json.dumps(flow).encode(), **{"m.txt": b"alpha"})
    assert project.status(run_binary(project, path)).status == "COMPLETE"


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        ({"readme.md": b""}, "holds no flow (.ibflow)"),
        ({"a_ibflow": FLOW, "b_ibflow": FLOW}, "holds several flows: a.ibflow, b.ibflow"),
        ({"a_ibflow": b"{"}, "a.ibflow in made.ibflowbin is not valid JSON"),
        ({"binary.json": b"{"}, "binary.json of made.ibflowbin cannot be read"),
        ({"binary.json": b'{"flow_file": "gone.ibflow"}'}, "lacks its file gone.ibflow"),
        ({"binary.json": b'{"binary_type": "Some"}'}, "is of the unknown type 'Some'"),
        ({"binary.json": b'{"binary_type": "Flows"}'}, "names too few files"),
        (
            {
                "a_ibflow": FLOW,
                "binary.json": b'{"binary_type": "Metaflow", "flows": ["a.ibflow"]}',
            },
            "The Metaflow made.ibflowbin names too few files",
        ),
        ({"..__a_ibflow": FLOW}, "holds an entry that leaves it"),
        (
            {"a_ibflow": FLOW.replace(b"{}", b'{"words_path": "no.txt"}')},
            "words_path 'no.txt' does not exist",
        ),
    ],
)
def test_a_binary_with_a_fault_is_refused_in_one_sentence(
    project: Any, entries: dict[str, bytes], sentence: str
) -> None:
    """No flow, several flows, a broken flow or manifest, a missing module, a zip slip."""
    assert sentence in refusal(project, packed(project, **entries))


def test_a_binary_that_is_no_zip_is_refused(project: Any) -> None:
    """The sentence names the file."""
    path = project.project / "x.ibflowbin"
    path.write_bytes(b"no zip")
    assert refusal(project, path).startswith("x.ibflowbin is not a readable zip file")


def test_a_damaged_binary_is_refused(project: Any) -> None:
    """Content that does not fit its checksum is never run."""
    path = packed(project, a_ibflow=FLOW)
    content = path.read_bytes()
    path.write_bytes(content.replace(b'"read"', b'"rEad"'))
    assert "made.ibflowbin is damaged" in refusal(project, path)


@pytest.mark.parametrize("kind", ["Metaflow", "Flows"])
def test_binaries_of_several_flows_say_what_they_are(project: Any, kind: str) -> None:
    """They hold all flows of the folder, a metaflow its classifier too."""
    project.flow("read", name="other.ibflow")
    (project.project / "c.ibclassifier").write_text("{}")
    settings = {"flows_dir": ".", "classifier_file": "c.ibclassifier"}
    path = compile_binary(project, binary_type=kind, settings=settings)
    with zipfile.ZipFile(path) as archive:
        manifest = json.loads(archive.read("binary.json"))
        assert set(manifest["flows"]) <= set(archive.namelist())
    assert manifest["binary_type"] == kind
    assert manifest["flows"] == ["flow.ibflow", "other.ibflow"]
    assert manifest.get("classifier_file", "") == ("c.ibclassifier" if kind == "Metaflow" else "")


def test_a_binary_of_flows_runs_each_of_them(project: Any) -> None:
    """Every file goes through every flow, as in run_flows_async."""
    project.flow("read", name="other.ibflow")
    path = compile_binary(project, binary_type="Flows", settings={"flows_dir": "."})
    (project.project / "other.ibflow").unlink()
    output = project.output(run_binary(project, path))
    assert {found.parent.parent.name for found in output.rglob("*.ibdoc")} == {"flow", "other"}


def test_a_metaflow_binary_classifies_and_routes(make_platform: Callable[..., Any]) -> None:
    """Each file goes to the flow of its class, by the classifier in the binary."""
    platform = make_platform(steps_module="ibflow_nb.local.steps.registry")
    platform.files(a="invoice number 1", b="receipt number 2")
    step = {"step_name": "process_files", "kwargs": {"process_type": "auto_to_txt"}}
    page = {"step_name": "map_records", "kwargs": {}}
    for name in ("invoice", "receipt"):
        flow = json.dumps({"steps": [step, page]})
        (platform.project / f"{name}.ibflow").write_text(flow)
    rules = {"rules": [{"class": name, "any": [name]} for name in ("invoice", "receipt")]}
    classifier = {"type": "keywords", "classifier_text": json.dumps(rules)}
    (platform.project / "c.ibclassifier").write_text(json.dumps(classifier))
    settings = {"flows_dir": ".", "classifier_file": "c.ibclassifier"}
    path = compile_binary(platform, binary_type="Metaflow", settings=settings)
    (platform.project / "c.ibclassifier").unlink()
    output = platform.output(run_binary(platform, path))
    mapped = {found.relative_to(output).as_posix() for found in output.rglob("s2_map*/*.ibdoc")}
    assert mapped == {"invoice/s2_map_records/a.txt.ibdoc", "receipt/s2_map_records/b.txt.ibdoc"}


@pytest.mark.parametrize(
    ("body", "error", "sentence"),
    [
        ({"flow_project_root": "me/none"}, NotFound, "me/none"),
        ({"settings": {}}, InvalidRequest, "'flow_file' is missing"),
        ({"settings": {"flow_file": "none.ibflow"}}, NotFound, "none.ibflow"),
        ({"binary_type": "Some"}, InvalidRequest, "one of Single Flow, Metaflow, Flows"),
        ({"binary_type": "Flows"}, InvalidRequest, "'flows_dir' is missing"),
        (
            {"binary_type": "Flows", "settings": {"flows_dir": "modules"}},
            InvalidRequest,
            "holds no flow",
        ),
        ({"predefined_binary_path": "me/x"}, InvalidRequest, "ends in .ibflowbin"),
        ({"predefined_binary_path": "../x.ibflowbin"}, InvalidRequest, "'..'"),
    ],
)
def test_a_compile_request_with_a_fault_is_refused(
    project: Any, body: dict[str, Any], error: type[Exception], sentence: str
) -> None:
    """The sentence names the path or the key, and nothing is written."""
    with pytest.raises(error, match=sentence):
        compile_binary(project, **body)
    assert not (project.project / "build").exists()


def test_the_same_flow_compiles_to_the_same_bytes(project: Any) -> None:
    """Compiling again changes nothing."""
    first = compile_binary(project).read_bytes()
    assert compile_binary(project).read_bytes() == first
