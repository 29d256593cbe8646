"""Webhooks and mails at the end of a run."""

from __future__ import annotations

import contextlib
import email
import json
import socketserver
import sqlite3
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.local.engine import deliveries
from ibflow_nb.local.engine.deliveries import Deliveries
from ibflow_nb.local.engine.store import StoreUnavailable
from ibflow_nb.local.settings import DeliverySettings, SmtpSettings


class Receiver:
    """A real HTTP server that keeps what it gets and answers as told."""

    def __init__(self, *answers: int) -> None:
        self.answers = list(answers)
        self.got: list[tuple[dict[str, str], dict[str, Any]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.got.append((dict(self.headers), json.loads(body)))
                self.send_response(outer.answers.pop(0) if outer.answers else 200)
                self.send_header("Location", f"{outer.url}/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                """Keep quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def receiver() -> Iterator[Callable[..., Receiver]]:
    """Make receivers."""
    made: list[Receiver] = []

    def make(*answers: int) -> Receiver:
        made.append(Receiver(*answers))
        return made[-1]

    yield make
    for one in made:
        one.server.shutdown()
        one.server.server_close()


def test_a_webhook_tells_of_the_end(platform: Any, receiver: Any, until: Any) -> None:
    """It carries status, job_id, input_dir and output, and the headers that were given."""
    hook = receiver()
    platform.files(a="x")
    job_id = platform.run(webhook_config={"url": hook.url, "headers": {"X-Key": "k"}})
    until(lambda: hook.got)
    headers, body = hook.got[0]
    assert headers["X-Key"] == "k"
    assert body == {
        "status": "OK",
        "job_id": job_id,
        "input_dir": "me/my-repo/fs/Instabase Drive/project/data/input",
        "output": "me/my-repo/fs/Instabase Drive/project/data/out",
    }
    until(lambda: "was delivered" in platform.log(job_id))


def test_a_failed_run_sends_its_reason(platform: Any, receiver: Any, until: Any) -> None:
    """``msg`` comes with status ERROR."""
    hook = receiver()
    platform.files(a="UNREADABLE")
    platform.run(webhook_config={"url": hook.url})
    until(lambda: hook.got)
    assert hook.got[0][1]["status"] == "ERROR"
    assert hook.got[0][1]["msg"] == "a.txt is not readable."


def test_a_webhook_is_repeated_until_it_is_received(
    platform: Any, receiver: Any, until: Any
) -> None:
    """Errors and redirects count as not received; a redirect is not followed."""
    hook = receiver(500, 302, 404)
    platform.files(a="x")
    job_id = platform.run(webhook_config={"url": hook.url})
    until(lambda: "was delivered" in platform.log(job_id))
    assert len(hook.got) == 4


def test_webhooks_go_to_allowed_hosts_only(make_platform: Any, receiver: Any, until: Any) -> None:
    """Where hosts are set, a run with a webhook to another one is refused at once."""
    hook = receiver()
    platform = make_platform(delivery=DeliverySettings(webhook_hosts=("127.0.0.1",)))
    platform.flow("read")
    platform.files(a="x")
    for other in ("http://localhost:80/", "http://127.0.0.1@other.test/", "http://[::1]/"):
        with pytest.raises(InvalidRequest, match="not allowed here"):
            platform.submit(webhook_config={"url": other})
    platform.run(webhook_config={"url": hook.url})
    until(lambda: hook.got)


def test_a_webhook_is_given_up_after_seven_repeats(
    platform: Any, receiver: Any, until: Any
) -> None:
    """Eight attempts in all; the log says so, without the secret part of the URL."""
    hook = receiver(*[503] * 20)
    platform.files(a="x")
    job_id = platform.run(webhook_config={"url": f"{hook.url}/hook?token=secret"})
    until(lambda: "given up after 8 attempts" in platform.log(job_id))
    assert len(hook.got) == 8
    assert "secret" not in platform.log(job_id)


def test_a_webhook_survives_a_restart(make_platform: Any, receiver: Any, until: Any) -> None:
    """What could not be delivered is sent after the platform was started again."""
    hook = receiver()
    closed = "http://127.0.0.1:9"
    platform = make_platform(delivery=DeliverySettings(backoff=20, timeout=1))
    platform.flow("read")
    platform.files(a="x")
    job_id = platform.run(webhook_config={"url": closed})
    until(lambda: "failed: it gave no answer" in platform.log(job_id))
    platform.engine.stop(0)
    with contextlib.closing(sqlite3.connect(platform.settings.state_dir / "jobs.sqlite3")) as store:
        store.execute("UPDATE delivery SET target = ?, due = 0", (hook.url,))
        store.commit()
    assert hook.got == []
    again = make_platform()
    until(lambda: hook.got)
    assert hook.got[0][1]["job_id"] == job_id
    assert again.engine.status(job_id).state == "DONE"


def test_mails_are_kept_when_there_is_no_server(platform: Any, until: Any) -> None:
    """Each address gets an ``.eml`` in the outbox; the log says so, and of no delivery."""
    platform.files(a="x")
    job_id = platform.run(notification_emails="a@example.org, b@example.org")
    until(lambda: platform.log(job_id).count("was kept as") == 2)
    outbox = platform.settings.state_dir / "outbox"
    mails = [email.message_from_bytes(path.read_bytes()) for path in sorted(outbox.iterdir())]
    assert [mail["To"] for mail in mails] == ["a@example.org", "b@example.org"]
    assert mails[0]["Subject"] == "Flow run COMPLETE: flow.ibflow"
    assert job_id in mails[0].get_payload()
    assert "was delivered" not in platform.log(job_id)


class SmtpHandler(socketserver.StreamRequestHandler):
    """Speaks just enough SMTP to take a mail."""

    got: list[bytes] = []

    def handle(self) -> None:
        """Answer one client."""
        self.wfile.write(b"220 test\r\n")
        data: list[bytes] | None = None
        for line in self.rfile:
            if data is not None:
                data.append(line)
                if line == b".\r\n":
                    self.got.append(b"".join(data))
                    data = None
                    self.wfile.write(b"250 taken\r\n")
                continue
            if line.upper().startswith(b"DATA"):
                data = []
                self.wfile.write(b"354 go on\r\n")
            elif line.upper().startswith(b"QUIT"):
                self.wfile.write(b"221 bye\r\n")
                return
            else:
                self.wfile.write(b"250 test\r\n")


def test_mails_go_through_the_mail_server(make_platform: Any, until: Any) -> None:
    """With an SMTP server in the settings the mail is handed to it."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), SmtpHandler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        smtp = SmtpSettings(host="127.0.0.1", port=server.server_address[1], password="secret")
        platform = make_platform(smtp=smtp)
        platform.flow("read")
        platform.files(a="x")
        job_id = platform.run(notification_emails=["a@example.org"])
        until(lambda: "The mail to a@example.org was delivered" in platform.log(job_id))
        server.shutdown()
    assert b"Flow run COMPLETE" in SmtpHandler.got[0]
    assert "secret" not in repr(platform.settings)


def test_a_flow_whose_name_has_a_line_break_is_told_of(platform: Any, until: Any) -> None:
    """The subject of the mail is one line."""
    platform.flow("read", name="a\nb.ibflow")
    platform.files(a="x")
    path = f"{platform.drive.path_of(platform.project)}/a\nb.ibflow"
    platform.run(ibflow_path=path, notification_emails=["me@example.com"])
    outbox = platform.settings.state_dir / "outbox"
    until(lambda: list(outbox.glob("*.eml")))
    (mail,) = outbox.glob("*.eml")
    assert email.message_from_bytes(mail.read_bytes())["Subject"] == "Flow run COMPLETE: a b.ibflow"


def test_a_receiver_is_told_once_while_the_store_takes_nothing(
    platform: Any, receiver: Any, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That it was told is stored as soon as there is space; it is not told again meanwhile."""
    hook = receiver()
    refusals: list[int] = []
    real = Deliveries._settle

    def settle(self: Any, *ended: Any) -> None:
        refusals.append(1)
        if len(refusals) < 4:
            raise StoreUnavailable("The disk is full.")
        real(self, *ended)

    monkeypatch.setattr(deliveries, "_STORE_RETRY", 0.01)
    monkeypatch.setattr(Deliveries, "_settle", settle)
    platform.files(a="x")
    job_id = platform.run(webhook_config={"url": hook.url})
    until(lambda: "was delivered" in platform.log(job_id))
    assert len(hook.got) == 1


def test_an_attempt_that_fails_unforeseen_is_repeated_with_pauses(
    platform: Any, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It counts as one that was not received."""

    def sent(*_: Any) -> str:
        raise RuntimeError

    monkeypatch.setattr(Deliveries, "_sent", sent)
    platform.files(a="x")
    job_id = platform.run(notification_emails=["me@example.com"])
    until(lambda: "given up after 8 attempts: it cannot be sent" in platform.log(job_id))
