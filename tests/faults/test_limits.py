"""Each limit of ``settings.toml``, on a platform that is asked over HTTP."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

pytestmark = pytest.mark.faults

SPACE = "local/my-repo/fs/Instabase Drive"
SETTINGS = """
[limits]
file_bytes = 500000
pages = 3
image_pixels = 1000000
page_pixels = 90000
archive_bytes = 100000000
archive_ratio = 20
archive_files = 50
body_bytes = 2000000
json_bytes = 10000
regex_seconds = 0.2
attempts = 1
"""
HOSTILE = "(a+)+$"


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory, make_platform: Any) -> Iterator[Any]:
    """Give a running platform with tight limits."""
    platform = make_platform(tmp_path_factory.mktemp("limited") / "root")
    (platform.root / ".ibflow").mkdir(mode=0o700)
    (platform.root / ".ibflow" / "settings.toml").write_text(SETTINGS)
    platform.start()
    yield platform
    platform.end(9)


@pytest.fixture
def reason(limited: Any, tmp_path: Path) -> Callable[..., str]:
    """Give a function that reads one file in a run, and gives why it failed; empty if not."""

    def run(name: str, content: bytes, **kwargs: Any) -> str:
        folder = limited.folder / tmp_path.name
        (folder / "in").mkdir(parents=True)
        (folder / "in" / name).write_bytes(content)
        (folder / "in" / "good.txt").write_text("good")
        ocr = {"settings": {"ocr_config": json.dumps({"engine": "tesseract"})}}
        steps = [{"step_name": "process_files", "kwargs": kwargs or ocr}]
        (folder / "f.ibflow").write_text(json.dumps({"rootDir": ".", "steps": steps}))
        job_id = limited.submit(f"{tmp_path.name}/f.ibflow", f"{tmp_path.name}/in")
        assert limited.finish(job_id)["status"] == "COMPLETE"
        path = f"{SPACE}/{tmp_path.name}/out/batch.ibflowresults"
        reply = limited.call("flow_binary/results", ibresults_path=path, options={})
        told = {record["file_name"]: record.get("error_msg") or "" for record in reply["records"]}
        assert told["good.txt"] == ""
        return str(told[name])

    return run


def picture(width: int, height: int, kind: str = "PNG", pages: int = 1) -> bytes:
    """Give an empty image."""
    buffer = io.BytesIO()
    frames = [Image.new("1", (width, height), 1) for _ in range(pages)]
    more = {"save_all": True, "append_images": frames[1:]} if pages > 1 else {}
    frames[0].save(buffer, kind, **more)
    return buffer.getvalue()


def packed(entries: dict[str, bytes]) -> bytes:
    """Give a zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


FILES = {
    "file_bytes": ("a.txt", b"x" * 500_001, "the file has 500,001 bytes, the limit is 500,000."),
    "pages": ("a.tif", picture(90, 90, "TIFF", 4), "has 4 pages to read, the limit is 3"),
    "image_pixels": ("a.png", picture(1001, 1000), "1,001 x 1,000 pixels, the limit is 1,000,000."),
}


@pytest.mark.parametrize("limit", FILES)
def test_a_file_beyond_a_limit_fails_alone_with_that_limit(
    reason: Callable[..., str], limit: str
) -> None:
    """Its reason names what it has and what is allowed."""
    name, content, sentence = FILES[limit]
    assert sentence in reason(name, content)


def test_a_page_beyond_page_pixels_is_read_coarser(
    limited: Any, reason: Callable[..., str], tmp_path: Path
) -> None:
    """It is not refused, and its picture has no more pixels than allowed."""
    assert reason("a.png", picture(900, 1000)) == ""
    (path,) = (limited.folder / tmp_path.name / "out").rglob("*.jpg")
    with Image.open(path) as drawn:
        assert drawn.width * drawn.height <= 90_000


BOMBS = {
    "archive_files": ({f"{n}.txt": b"x" for n in range(51)}, "has 51 entries; the limit is 50."),
    "archive_bytes": (
        {"a": b"\0" * 60_000_000, "b": b"\0" * 40_000_001},
        "would unpack to 100,000,001 bytes; the limit is 100,000,000.",
    ),
    "archive_ratio": ({"a": b"\0" * 80_000_000}, "would unpack to more than 20 times its size"),
}


@pytest.mark.parametrize("limit", BOMBS)
def test_an_archive_beyond_a_limit_is_refused(limited: Any, limit: str) -> None:
    """Nothing of it appears, and the sentence names the limit."""
    entries, sentence = BOMBS[limit]
    (limited.folder / "a.zip").write_bytes(packed(entries))
    body = {"src_path": f"{SPACE}/a.zip", "dst_path": f"{SPACE}/{limit}"}
    reply = limited.client.post("/api/v2/files/extract", json=body)
    assert reply.status_code == 400
    assert sentence in reply.json()["message"]
    assert not (limited.folder / limit).exists()


def test_an_upload_beyond_the_limit_leaves_nothing(limited: Any) -> None:
    """An upload, whether it tells its size or not, leaves nothing."""
    for content in (b"x" * 2_000_001, iter([b"x" * 1_000_000] * 3)):
        reply = limited.client.put(f"/api/v2/files/{SPACE}/large.bin", content=content)
        assert reply.status_code == 413
        assert "the limit is 2,000,000 bytes" in reply.json()["message"]
        assert not (limited.folder / "large.bin").exists()


def test_a_json_body_beyond_its_limit_is_refused(limited: Any) -> None:
    """JSON is held in memory, so it has a limit of its own."""
    reply = limited.client.post("/api/v1/jobs/cancel", json={"job_id": "x" * 10_000})
    assert reply.status_code == 413
    assert "the limit is 10,000 bytes" in reply.json()["msg"]


def test_a_sent_file_beyond_the_limit_is_told(limited: Any) -> None:
    """``run_sync`` names the file that is too large; the body around the files has its limit."""
    content = base64.b64encode(b"x" * 500_001).decode()
    body = {
        "solution_path": f"{SPACE}/none",
        "files": [{"file_name": "a", "file_content": content}],
    }
    for options, sentence in (({}, "There is no"), ({"pad": ["x" * 8000] * 2}, "10,000 bytes")):
        reply = limited.client.post("/api/v1/solution/run_sync", json=body | options)
        assert sentence in reply.json()["msg"]


def test_a_pattern_beyond_regex_seconds_fails_its_field(limited: Any, tmp_path: Path) -> None:
    """A hostile regular expression costs its time and no more."""
    folder = limited.folder / tmp_path.name
    (folder / "in").mkdir(parents=True)
    (folder / "in" / "a.txt").write_text("a" * 5000 + "!")
    field = {
        "desc": {"label": "slow", "outputType": "TEXT"},
        "req": {"type": "REFINER_FUNC", "expression": f"regex_search(INPUT_COL, '{HOSTILE}')"},
    }
    (folder / "f.ibrefiner").write_text(json.dumps({"fields": [field]}))
    steps = [
        {"step_name": "process_files", "kwargs": {}},
        {"step_name": "apply_refiner", "kwargs": {"refiner_path": "f.ibrefiner"}},
    ]
    (folder / "f.ibflow").write_text(json.dumps({"rootDir": ".", "steps": steps}))
    job_id = limited.submit(f"{tmp_path.name}/f.ibflow", f"{tmp_path.name}/in")
    assert limited.finish(job_id)["status"] == "COMPLETE"
    path = f"{SPACE}/{tmp_path.name}/out/batch.ibflowresults"
    reply = limited.call("flow_binary/results", ibresults_path=path, options={})
    assert "0.2 s" in json.dumps(reply["records"])


def test_a_limit_that_is_not_known_stops_the_start(platform: Any) -> None:
    """The sentence names the file and the key."""
    (platform.root / ".ibflow").mkdir(mode=0o700)
    (platform.root / ".ibflow" / "settings.toml").write_text("[limits]\npaegs = 3\n")
    told = platform.start_in_vain()
    assert "settings.toml cannot be used" in told
    assert "paegs" in told
