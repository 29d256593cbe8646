"""The way to a server: its certificates, and the proxy in between."""

from __future__ import annotations

import os
import ssl
import urllib.request
from collections.abc import Iterable
from typing import NoReturn
from urllib.parse import urlsplit

import httpx

from ibflow_nb.api.errors import ConfigError
from ibflow_nb.config.address import is_loopback
from ibflow_nb.config.sources import NO_PROXY
from ibflow_nb.config.table import CA_FILE, CLIENT_CERT, PROXY, Found
from ibflow_nb.config.target import Network


class RiskyConnection(UserWarning):
    """A server's certificate is not checked."""


def open_http(
    url: str,
    network: Network,
    *,
    auth: httpx.Auth,
    headers: dict[str, str],
    limits: httpx.Limits,
    transport: httpx.AsyncBaseTransport | None,
) -> httpx.AsyncClient:
    """Make the HTTP client that reaches a server.

    Raises:
        ConfigError: a certificate or a key cannot be read, or the proxy cannot be used.
    """
    context = tls_context(url, network)
    proxy = None if transport is not None else _proxy(url, network, context)
    try:
        return httpx.AsyncClient(
            auth=auth,
            headers=headers,
            limits=limits,
            transport=transport,
            verify=context,
            proxy=proxy,
            trust_env=False,  # what the environment says is in the proxy and the certificates
        )
    except ImportError:
        raise ConfigError("A proxy that speaks SOCKS needs: pip install 'httpx[socks]'.") from None


def tls_context(url: str, network: Network) -> ssl.SSLContext:
    """Load the certificates for a server.

    Without a ``ca_file`` those of ``SSL_CERT_FILE`` count, else the authorities that the HTTP
    library trusts.

    Raises:
        ConfigError: a certificate or a key cannot be read.
    """
    if not url.startswith("https:"):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # cheap: loads nothing, and serves nobody
    if not network.verify:
        context = httpx.create_ssl_context(verify=False)
    else:
        context = _with_authorities(network.ca_file or os.environ.get("SSL_CERT_FILE", ""))
    if network.client_cert:
        _show_certificate(context, network)
    return context


def proxy_to(url: str, network: Network) -> Found:
    """Give the proxy that leads to a server, and where it comes from.

    The proxies of the environment are not used for this machine, nor for what ``NO_PROXY`` names.

    Raises:
        ConfigError: the environment names something that is no proxy.
    """
    if network.proxy is not None:
        return Found(network.proxy, PROXY.name)
    parts = urlsplit(url)
    if is_loopback(url) or urllib.request.proxy_bypass(parts.netloc):
        return Found(NO_PROXY, "default")
    proxies = urllib.request.getproxies()
    for scheme in (parts.scheme, "all"):
        if address := proxies.get(scheme):
            source = _variable(f"{scheme}_proxy")
            return Found(PROXY.read(address, source), source)
    return Found(NO_PROXY, "default")


def _proxy(url: str, network: Network, context: ssl.SSLContext) -> httpx.Proxy | None:
    address = proxy_to(url, network).value.address
    if not address:
        return None
    secure = address.reveal().startswith("https:")
    return httpx.Proxy(address.reveal(), ssl_context=context if secure else None)


def why_not_secure(error: ssl.SSLError, network: Network) -> str:
    """Say why TLS came to nothing, and what to do."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _why_not_trusted(error, network)
    reason = error.reason or ""
    if "ALERT" in reason:
        if network.client_cert:
            return f"it does not accept the certificate in {network.client_cert}"
        return f"it asks for a certificate of yours; let '{CLIENT_CERT.name}' name it"
    if reason in {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST"}:
        return "it does not speak TLS; check the port, or write http:// where that is safe"
    return f"{reason or error}; check the address"


def _why_not_trusted(error: ssl.SSLCertVerificationError, network: Network) -> str:
    message = error.verify_message.rstrip(".")
    if error.verify_code in _OF_AN_UNKNOWN_AUTHORITY:
        known = f"the authorities in {network.ca_file}" if network.ca_file else "this machine"
        return (
            f"its certificate is vouched for by nobody that {known} know"
            f"{'' if network.ca_file else 's'} ({message}); let '{CA_FILE.name}' name the "
            "certificate of its authority, which its administrator has"
        )
    return f"its certificate does not fit: {message}; check the address, and tell its administrator"


_OF_AN_UNKNOWN_AUTHORITY = {2, 18, 19, 20, 21}  # X509_V_ERR_*: issuer unknown, self-signed


def _with_authorities(path: str) -> ssl.SSLContext:
    if not path:
        return httpx.create_ssl_context(trust_env=True)
    try:
        return ssl.create_default_context(cafile=path)
    except ssl.SSLError:
        raise ConfigError(f"{path} holds no certificates in PEM form ('{CA_FILE.name}').") from None
    except OSError as error:
        raise ConfigError(
            f"The certificates in {path} ('{CA_FILE.name}') cannot be read: {error.strerror}."
        ) from None


def _show_certificate(context: ssl.SSLContext, network: Network) -> None:
    files = network.client_cert
    if network.client_key:
        files = f"{files} and {network.client_key}"

    def no_passphrase() -> NoReturn:
        raise ConfigError(
            f"The private key of {files} has a passphrase, which nobody can be asked for here; "
            "name a copy of the key without one."
        )

    try:
        context.load_cert_chain(
            network.client_cert, network.client_key or None, password=no_passphrase
        )
    except ssl.SSLError:
        raise ConfigError(
            f"{files} are no certificate and its private key in PEM form ('{CLIENT_CERT.name}')."
        ) from None
    except OSError as error:
        raise ConfigError(
            f"Your certificate in {files} cannot be read: {error.strerror}."
        ) from None


def _variable(name: str) -> str:
    spellings: Iterable[str] = (name, name.upper())
    said = next((one for one in spellings if os.environ.get(one)), None)
    return f"the variable {said}" if said else "the system's settings"
