"""Settings of one embedded platform; the server and the engine read the same object."""

from __future__ import annotations

from pathlib import Path

import msgspec

from ibflow_nb.api.errors import ConfigError
from ibflow_nb.local.limits import Limits

STATE_FOLDER = ".ibflow"
SETTINGS_FILE = "settings.toml"


class SmtpSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Mail server for notifications; with an empty ``host`` mails are kept as ``.eml`` files.

    Attributes:
        host: name of the server.
        port: its port.
        user: name to log in with; empty for no login.
        password: never shown in a repr, log or traceback.
        sender: address in ``From``.
        starttls: whether to switch to TLS before anything is sent.
        timeout: seconds to wait for the server.
    """

    host: str = ""
    port: int = 25
    user: str = ""
    password: str = ""
    sender: str = "ibflow@localhost"
    starttls: bool = False
    timeout: float = 20.0

    def __repr__(self) -> str:
        """Leave the password out."""
        return f"SmtpSettings(host={self.host!r}, port={self.port}, user={self.user!r})"


class DeliverySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How webhooks and mails are sent.

    Attributes:
        timeout: seconds that a webhook's receiver has to answer.
        repeats: how often a delivery is sent again when it failed.
        backoff: seconds before the first repeat; doubled for each one after it.
        backoff_max: seconds between two repeats at most.
        webhook_hosts: names of the only hosts that webhooks may go to; empty for any.
    """

    timeout: float = 10.0
    repeats: int = 7
    backoff: float = 1.0
    backoff_max: float = 300.0
    webhook_hosts: tuple[str, ...] = ()


class FileSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the file ``settings.toml`` in a root's state folder may set; all of it is optional.

    Attributes:
        limits: what files, requests and workers may cost.
        smtp: mail server for notifications.
        delivery: how webhooks and mails are sent.
        recycle_after: units after which a worker process is replaced.
        worker_idle: seconds without work after which a worker process is ended.
        log_bytes: size of one job's log; later lines are dropped and the log says so.
        stop_grace: seconds that running units get to finish when the server is told to stop.
    """

    limits: Limits = msgspec.field(default_factory=Limits)
    smtp: SmtpSettings = msgspec.field(default_factory=SmtpSettings)
    delivery: DeliverySettings = msgspec.field(default_factory=DeliverySettings)
    recycle_after: int = 2000
    worker_idle: float = 300.0
    log_bytes: int = 20 * 1024**2
    stop_grace: float = 5.0


class Settings(FileSettings, frozen=True, kw_only=True):
    """What one platform is started with: its file's settings, and those of its start.

    Attributes:
        root: folder of the drive; state lives in ``root/.ibflow``.
        user: the embedded user, owner of run folders ``run_<user>``.
        workers: worker processes; 0 takes one a core, as far as memory allows.
        executor: ``local``, or ``dask://HOST:PORT``.
        steps_module: module that provides ``get_step`` and ``STEP_NAMES``.
        idle_exit: seconds without jobs and without leases after which the server ends; 0 never.
    """

    root: Path
    user: str = "local"
    workers: int = 0
    executor: str = "local"
    steps_module: str = "ibflow_nb.local.steps.registry"
    idle_exit: float = 0.0

    @property
    def state_dir(self) -> Path:
        """Folder of the platform's own files: ``root/.ibflow``."""
        return self.root / STATE_FOLDER


def read_settings(state: Path) -> FileSettings:
    """Read ``settings.toml`` of a state folder; without one, all is as by default.

    Raises:
        ConfigError: it is no TOML, or holds a name or value that is not known.
    """
    file = state / SETTINGS_FILE
    try:
        return msgspec.toml.decode(file.read_bytes(), type=FileSettings)
    except FileNotFoundError:
        return FileSettings()
    except msgspec.MsgspecError as error:
        raise ConfigError(f"The settings in {file} cannot be used: {error}.") from error
