"""A drive, an engine with steps of known behaviour, and helpers around them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ibflow_nb.api.flow import RunFlow
from ibflow_nb.api.jobs import CurStatus
from ibflow_nb.api.results import ResultRecord, ResultsQuery
from ibflow_nb.local.drive import Drive
from ibflow_nb.local.engine import Engine
from ibflow_nb.local.settings import DeliverySettings, Settings
from ibflow_nb.local.steps.base import Task

HERE = Path(__file__).resolve().parent
PROJECT = "me/my-repo/fs/Instabase Drive/project"


class Platform:
    """An engine on a drive of its own, with one project on it."""

    def __init__(self, root: Path, **settings: Any) -> None:
        settings.setdefault("workers", 1)
        settings.setdefault("steps_module", "engine_steps")
        settings.setdefault("delivery", DeliverySettings(backoff=0.01, timeout=2))
        self.settings = Settings(root=root, **settings)
        self.drive = Drive(root)
        self.project = root / PROJECT
        self.input = self.project / "data" / "input"
        self.input.mkdir(parents=True, exist_ok=True)
        self.engine = Engine(self.drive, self.settings)

    def flow(self, *steps: str | dict[str, Any], name: str = "flow.ibflow") -> None:
        """Write the project's flow: step names, or ``{"name": ..., <kwargs>}``."""
        listed = [{"name": step} if isinstance(step, str) else dict(step) for step in steps]
        content = {"steps": [{"step_name": step.pop("name"), "kwargs": step} for step in listed]}
        (self.project / name).write_bytes(msgspec.json.encode(content))

    def files(self, **texts: str) -> None:
        """Write input files: stem to text."""
        for stem, text in texts.items():
            (self.input / f"{stem}.txt").write_text(text)

    def request(self, **options: Any) -> RunFlow:
        """Give a request for the project's flow on its input."""
        options.setdefault("ibflow_path", f"{PROJECT}/flow.ibflow")
        options.setdefault("input_dir", f"{PROJECT}/data/input")
        return msgspec.convert(options, RunFlow)

    def submit(self, **options: Any) -> str:
        """Submit the project's flow; give the job id."""
        return self.engine.run_flow(self.request(**options)).job_id

    def run(self, **options: Any) -> str:
        """Submit the project's flow and wait for its end; give the job id."""
        job_id = self.submit(**options)
        assert self.engine.wait(job_id, 60), self.engine.status(job_id)
        return job_id

    def status(self, job_id: str) -> CurStatus:
        """Give the content of ``cur_status``."""
        return msgspec.json.decode(self.engine.status(job_id).cur_status, type=CurStatus)

    def output(self, job_id: str) -> Path:
        """Give the output folder of a job that has ended."""
        results = self.engine.status(job_id).results
        assert results is not None
        return self.drive.resolve(str(results[0].output_folder))

    def records(self, job_id: str, **query: Any) -> list[ResultRecord]:
        """Give the first page of a job's records."""
        path = self.drive.path_of(self.output(job_id) / "batch.ibflowresults")
        request = msgspec.convert({"ibresults_path": path, **query}, ResultsQuery)
        return self.engine.results(request).records

    def log(self, job_id: str) -> str:
        """Give a job's log as text."""
        return "\n".join(entry.log for entry in self.engine.logs(job_id).logs)


@pytest.fixture
def steps_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process and its workers import the steps of these tests."""
    monkeypatch.syspath_prepend(HERE)
    inherited = os.environ.get("PYTHONPATH")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(HERE), inherited])))


@pytest.fixture
def make_platform(tmp_path: Path, steps_on_path: None) -> Iterator[Callable[..., Platform]]:
    """Make platforms, started, with settings of choice; they are stopped at the end."""
    made: list[Platform] = []

    def make(**settings: Any) -> Platform:
        platform = Platform(settings.pop("root", tmp_path / "root"), **settings)
        platform.engine.start()
        made.append(platform)
        return platform

    yield make
    for platform in made:
        platform.engine.stop(grace=0)


@pytest.fixture
def platform(make_platform: Callable[..., Platform]) -> Platform:
    """Give a running platform with a flow of two steps."""
    platform = make_platform()
    platform.flow("read", "extract")
    return platform


@pytest.fixture
def task(tmp_path: Path) -> Callable[..., Task]:
    """Make a task that reads a text."""

    def make(text: str, **kwargs: Any) -> Task:
        source = tmp_path / f"{text.split()[0]}.txt"
        source.write_text(text)
        return Task(
            job_id="j",
            step="read",
            kwargs=kwargs,
            source=str(source),
            input=str(source),
            name=source.name,
            index=0,
            output_dir=str(tmp_path / "out" / "s1_read"),
        )

    return make
