"""Where the server is and who asks: address, token and context."""

from __future__ import annotations

from dataclasses import dataclass, field

from ibflow_nb.api.errors import ConfigError
from ibflow_nb.config.address import is_loopback
from ibflow_nb.config.secret import Secret
from ibflow_nb.config.target import Network, Target

LOCAL_HOME = "local/my-repo/fs/Instabase Drive"  # of the embedded platform's user


@dataclass(frozen=True)
class Connection:
    """A server's root address, and what is sent along with each request.

    Attributes:
        url: root without ``/api/v1`` and without a slash at the end.
        token: sent as ``Authorization: Bearer``; may be empty.
        context: organisation or user, sent as ``IB-Context``; may be empty.
        network: how the server is reached.
    """

    url: str
    token: Secret
    context: str = ""
    network: Network = field(default_factory=Network)

    @classmethod
    def to(cls, target: Target, network: Network | None = None) -> Connection:
        """Connect to a server that was decided on.

        Args:
            target: the server.
            network: how it is reached, in place of what the target says.

        Raises:
            ConfigError: token or context cannot be sent, or the target is the platform of this
                machine, whose address is not known before it runs.
        """
        if target.local:
            raise ConfigError("The platform of this machine is reached by connect('local').")
        return cls(
            target.url,
            Secret(_header_value("token", target.token.reveal())),
            _header_value("context", target.context),
            network or target.network,
        )

    @property
    def is_loopback(self) -> bool:
        """Whether the server runs on this machine."""
        return is_loopback(self.url)


def _header_value(name: str, value: str) -> str:
    """Check what is going to be a header; never show it."""
    value = value.strip()
    if not value.isascii() or not value.isprintable():
        raise ConfigError(f"The {name} holds characters that no header can carry; copy it again.")
    return value
