"""The table of settings: a setting is one row of :data:`SETTINGS`.

Of its row are made: the trait that ``%config IBFlow.NAME`` sets, the word that ``%ibflow config
NAME`` takes, the key of a profile, the environment variable, the line of ``%ibflow config`` that
tells its value and where that comes from, and its completion. Code reads a setting by its row:
``context.settings[INTERRUPT]``.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Generic, NamedTuple, TypeVar

from ibflow_nb.api.errors import ConfigError
from ibflow_nb.config.kinds import PATH, SECONDS, SWITCH, TEXT, Kind, choice
from ibflow_nb.config.sources import PROXY_ADDRESS, TOKEN_SOURCE, Proxy, TokenSource

T = TypeVar("T")

DISPLAY_VARIABLE = "IBFLOW_NB_DISPLAY"


class Display(StrEnum):
    """How progress is shown; ``auto`` decides by what runs the kernel."""

    AUTO = "auto"
    WIDGET = "widget"
    TEXT = "text"
    STATIC = "static"
    OFF = "off"


class OnInterrupt(StrEnum):
    """What an interrupted wait does with the job."""

    DETACH = "detach"
    CANCEL = "cancel"


class Setting(NamedTuple, Generic[T]):
    """One thing that can be set.

    Attributes:
        name: its name everywhere: trait, key of a profile, word of ``%ibflow config``.
        kind: what a value can be.
        default: its value when nobody says anything.
        help: one line; what it does.
        variable: environment variable that sets it; empty if none does.
        server: whether it belongs to a server: said beside the URL of one server, it is not
            used for another.
        in_profile: whether a profile may set it.
    """

    name: str
    kind: Kind[T]
    default: T
    help: str
    variable: str = ""
    server: bool = False
    in_profile: bool = True

    @property
    def is_path(self) -> bool:
        """Whether it is a path of this machine."""
        return self.kind is PATH

    def read(self, said: object, place: str = "") -> T:
        """Make a value of what was said.

        Args:
            said: a string or a Python value.
            place: where it was said, for the error; default the setting's own name.

        Raises:
            ConfigError: it is no value of this setting.
        """
        try:
            return self.kind.read(said)
        except (ValueError, TypeError):
            pass  # raised below, so that no stack holds what was said
        shown = "" if self.kind.secret else f", not '{said}'"
        where = f"{place[0].upper()}{place[1:]}" if place else f"'{self.name}'"
        raise ConfigError(f"{where} can be {self.kind.words}{shown}.")


class Found(NamedTuple):
    """A value and where it comes from.

    Attributes:
        value: the value.
        source: its place, in words.
    """

    value: Any
    source: str


Layer = Mapping[str, Found]
"""What one place says, by the names of settings."""

URL = Setting("url", TEXT, "", "address of the server, or 'local'", "IBFLOW_URL", server=True)
ROOT = Setting("root", PATH, "", "folder of the local platform", server=True)
CONTEXT = Setting(
    "context", TEXT, "", "organisation to act for, sent as IB-Context", "IBFLOW_CONTEXT",
    server=True,
)  # fmt: skip
HOME = Setting("home", TEXT, "", "drive path of your own space; uploads go below it", server=True)
PROFILE = Setting(
    "profile", TEXT, "", "profile that gives what is not said elsewhere", "IBFLOW_PROFILE",
    server=True, in_profile=False,
)  # fmt: skip
TOKEN_FROM: Setting[TokenSource | None] = Setting(
    "token_from", TOKEN_SOURCE, None,
    "where the token comes from, if not from the variable IBFLOW_TOKEN", "IBFLOW_TOKEN_FROM",
    server=True,
)  # fmt: skip
CA_FILE = Setting(
    "ca_file", PATH, "", "certificates (PEM) of those who may vouch for the server",
    "IBFLOW_CA_FILE", server=True,
)  # fmt: skip
VERIFY = Setting("verify", SWITCH, True, "whether the server's certificate is checked", server=True)
CLIENT_CERT = Setting(
    "client_cert", PATH, "", "your certificate (PEM), where the server asks for one",
    "IBFLOW_CLIENT_CERT", server=True,
)  # fmt: skip
CLIENT_KEY = Setting(
    "client_key", PATH, "", "its private key (PEM), where it is not in the same file",
    "IBFLOW_CLIENT_KEY", server=True,
)  # fmt: skip
PROXY: Setting[Proxy | None] = Setting(
    "proxy", PROXY_ADDRESS, None, "proxy that leads to the server, in place of HTTPS_PROXY and "
    "its kin", server=True,
)  # fmt: skip
CONNECT_TIMEOUT = Setting(
    "connect_timeout", SECONDS, 10.0, "seconds to wait for a connection", server=True
)
TIMEOUT = Setting("timeout", SECONDS, 60.0, "seconds to wait for an answer", server=True)
DISPLAY = Setting(
    "display", choice(Display), Display.AUTO, "how progress is shown", DISPLAY_VARIABLE
)
INTERRUPT = Setting(
    "interrupt", choice(OnInterrupt), OnInterrupt.DETACH,
    "what an interrupted wait does with the job", "IBFLOW_NB_INTERRUPT",
)  # fmt: skip
NOTIFY_BROWSER = Setting(
    "notify_browser", SWITCH, False, "whether the browser tells the end of each job you start"
)
DEBUG = Setting("debug", SWITCH, False, "whether errors show their whole stack at once")

SETTINGS: tuple[Setting[Any], ...] = (
    URL,
    ROOT,
    CONTEXT,
    HOME,
    PROFILE,
    TOKEN_FROM,
    CA_FILE,
    VERIFY,
    CLIENT_CERT,
    CLIENT_KEY,
    PROXY,
    CONNECT_TIMEOUT,
    TIMEOUT,
    DISPLAY,
    INTERRUPT,
    NOTIFY_BROWSER,
    DEBUG,
)
BY_NAME = {setting.name: setting for setting in SETTINGS}
