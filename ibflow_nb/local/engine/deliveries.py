"""Telling others that a job has ended: a stored queue of webhooks and mails.

Deliveries are stored together with the job's end and survive a restart of the platform. Each is
sent on a thread of its own, so that a slow receiver holds up neither jobs nor other receivers.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time

import msgspec

from ibflow_nb.api.flow import RunOptions
from ibflow_nb.api.jobs import JobState
from ibflow_nb.local.engine import mail, webhooks
from ibflow_nb.local.engine.joblog import JobLog
from ibflow_nb.local.engine.ledger import Ledger
from ibflow_nb.local.engine.model import Job
from ibflow_nb.local.engine.store import StoreUnavailable
from ibflow_nb.local.engine.webhooks import WebhookEvent
from ibflow_nb.local.settings import Settings

_AT_ONCE = 8
_STORE_RETRY = 0.5
_log = logging.getLogger(__name__)


class _Delivery(msgspec.Struct, frozen=True):
    id: int
    job_id: str
    kind: str
    target: str
    headers: bytes
    body: bytes
    attempts: int


class Deliveries:
    """The queue and the thread that serves it."""

    def __init__(self, ledger: Ledger, log: JobLog, settings: Settings) -> None:
        self._ledger = ledger
        self._log = log
        self._settings = settings
        self._changed = threading.Condition()
        self._sending: dict[int, threading.Thread] = {}
        self._stopped = False
        self._thread = threading.Thread(target=self._serve, name="ibflow-deliveries", daemon=True)

    def start(self) -> None:
        """Begin to send what is due."""
        self._thread.start()

    def stop(self) -> None:
        """Stop; what was not delivered is sent after the next start."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    def wake(self) -> None:
        """Look at the queue now."""
        with self._changed:
            self._changed.notify_all()

    def announce(self, job: Job, options: RunOptions, state: JobState, msg: str) -> None:
        """Store the deliveries of a job's end, inside the caller's transaction."""
        if options.webhook_config is not None:
            event = WebhookEvent(
                status="OK" if state is JobState.COMPLETE else "ERROR",
                msg=msg,
                job_id=job.id,
                input_dir=job.input_dir,
                output=job.output_folder,
            )
            self._store(
                job.id,
                "webhook",
                options.webhook_config.url,
                options.webhook_config.headers,
                msgspec.json.encode(event),
            )
        subject = f"Flow run {state.value}: {job.flow_path.rsplit('/', 1)[-1]}"
        text = (
            f"Job {job.id} ended as {state.value}.\n{msg}\n\n"
            f"Input:  {job.input_dir}\nOutput: {job.output_folder}\n"
        )
        for address in options.notification_emails:
            content = mail.compose(self._settings.smtp.sender, address, subject, text)
            self._store(job.id, "mail", address, {}, content)

    def _store(
        self, job_id: str, kind: str, target: str, headers: dict[str, str], body: bytes
    ) -> None:
        with self._ledger.transaction() as db:
            db.execute(
                "INSERT INTO delivery (job_id, kind, target, headers, body, due) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (job_id, kind, target, msgspec.json.encode(headers), body, time.time()),
            )

    def _serve(self) -> None:
        with self._changed:
            while not self._stopped:
                pause = self._send_due()
                self._changed.wait(pause)

    def _send_due(self) -> float | None:
        """Start what is due; give the seconds until the next is, None for nothing at all."""
        rows = self._ledger.query(
            "SELECT id, due FROM delivery WHERE state = 'OPEN' ORDER BY due LIMIT 1000"
        )
        for row in rows:
            if row["id"] in self._sending:
                continue
            wait = row["due"] - time.time()
            if wait > 0:
                return float(wait)
            if len(self._sending) >= _AT_ONCE:
                return None
            thread = threading.Thread(target=self._deliver, args=(row["id"],), daemon=True)
            self._sending[row["id"]] = thread
            thread.start()
        return None

    def _deliver(self, delivery_id: int) -> None:
        try:
            (row,) = self._ledger.query(
                "SELECT id, job_id, kind, target, headers, body, attempts "
                "FROM delivery WHERE id = ?",
                (delivery_id,),
            )
            delivery = msgspec.convert(dict(row), _Delivery)
            self._settle_at_last(delivery, self._send(delivery))
        except sqlite3.ProgrammingError:
            if not self._stopped:  # else the store was closed: it is sent after the next start
                raise
        finally:
            with self._changed:
                self._sending.pop(delivery_id, None)
                self._changed.notify_all()

    def _send(self, delivery: _Delivery) -> str:
        try:
            return self._sent(delivery)
        except Exception as error:  # noqa: BLE001 - an attempt that failed, like any other
            _log.exception("Delivery %d of job %s failed.", delivery.id, delivery.job_id)
            return f"cannot be sent ({type(error).__name__})"

    def _sent(self, delivery: _Delivery) -> str:
        """Send it once; give why it was not received, else nothing."""
        if delivery.kind == "webhook":
            headers = msgspec.json.decode(delivery.headers, type=dict[str, str])
            timeout = self._settings.delivery.timeout
            return webhooks.post(delivery.target, headers, delivery.body, timeout)
        if self._settings.smtp.host:
            return mail.send(self._settings.smtp, delivery.target, delivery.body)
        outbox = self._settings.state_dir / mail.OUTBOX
        try:
            mail.keep(outbox, _kept_as(delivery), delivery.body)
        except OSError as error:
            return f"the outbox cannot be written ({error.strerror})"
        return ""

    def _settle_at_last(self, delivery: _Delivery, problem: str) -> None:
        """Store how an attempt ended, once the store takes it: else it would be made again."""
        while not self._stopped:
            try:
                self._settle(delivery, problem)
                break
            except StoreUnavailable as error:
                _log.warning("%s", error)
                with self._changed:
                    self._changed.wait_for(lambda: self._stopped, _STORE_RETRY)

    def _settle(self, delivery: _Delivery, problem: str) -> None:
        policy = self._settings.delivery
        what = f"The {delivery.kind} to {_shown(delivery)}"
        attempts = delivery.attempts + 1
        columns: tuple[object, ...]
        if not problem:
            columns = ("SENT", attempts, time.time())
            line = f"{what} was delivered."
            if delivery.kind == "mail" and not self._settings.smtp.host:
                line = (
                    f"There is no mail server: the mail to {delivery.target} was kept as"
                    f" {_kept_as(delivery)}."
                )
        elif attempts > policy.repeats:
            columns = ("GIVEN_UP", attempts, time.time())
            line = f"{what} was given up after {attempts} attempts: it {problem}."
        else:
            pause = min(policy.backoff * 2 ** (attempts - 1), policy.backoff_max)
            columns = ("OPEN", attempts, time.time() + pause)
            line = f"{what} failed: it {problem}; the next attempt is in {pause:g} s."
        with self._ledger.transaction() as db:
            db.execute(
                "UPDATE delivery SET state = ?, attempts = ?, due = ? WHERE id = ?",
                (*columns, delivery.id),
            )
            self._log.add(delivery.job_id, [line])


def _kept_as(delivery: _Delivery) -> str:
    return f"{delivery.job_id}-{delivery.id}.eml"


def _shown(delivery: _Delivery) -> str:
    """Name the receiver without what may be secret in its URL."""
    if delivery.kind == "mail":
        return delivery.target
    return webhooks.host_of(delivery.target)
