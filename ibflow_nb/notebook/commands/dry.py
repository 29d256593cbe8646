"""``--dry-run``: the request as it would be sent, secrets masked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

import msgspec

from ibflow_nb.notebook.commands.base import Call

if TYPE_CHECKING:
    from ibflow_nb.notebook.context import Context

MASK = "****"
_SECRET_KEY = re.compile(r"encryption_config|passw|secret|token|api_?key|credential", re.I)


def show_request(context: Context, call: Call) -> None:
    """Show method, URL, headers and body of a request."""
    target = context.connection.target
    address = call.endpoint.url.replace("{path}", quote(call.path.lstrip("/")))
    body = msgspec.to_builtins(call.request) if call.request is not None else {}
    lines = [f"{call.endpoint.method} {address}{_query(call, body)}"]
    lines.append(f"Host: {target.url if target else 'not connected'}")
    lines.append(f"Authorization: Bearer {MASK}")
    if target and target.context:
        lines.append(f"IB-Context: {target.context}")
    if body and call.endpoint.method != "GET":
        lines += ["", msgspec.json.format(msgspec.json.encode(masked(body)), indent=2).decode()]
    if call.note:
        lines += ["", f"({call.note})"]
    context.screen.say("\n".join(lines))


def masked(body: dict[str, Any]) -> dict[str, Any]:
    """Hide what may be secret, at any depth, also in JSON that is sent as text.

    These are: headers, query and user of a webhook; passwords of documents; and values whose key
    names a secret, since ``runtime_config`` and the arguments of steps may hold anything.
    """
    return {key: _masked_value(key, value) for key, value in body.items()}


def _masked_value(key: str, value: Any) -> Any:
    if _SECRET_KEY.search(key):
        return MASK if value else value
    if key == "webhook_config" and isinstance(value, dict):
        return _masked_webhook(value)
    if isinstance(value, dict):
        return masked(value)
    if isinstance(value, list):
        return [_masked_value("", item) for item in value]
    return _masked_json(value) if key == "step_json_str" else value


def _masked_json(text: str) -> str:
    try:
        return msgspec.json.encode(masked(msgspec.json.decode(text, type=dict))).decode()
    except msgspec.DecodeError:  # the server will say so
        return MASK


def _masked_webhook(webhook: dict[str, Any]) -> dict[str, Any]:
    hidden = dict.fromkeys(webhook.get("headers", {}), MASK)
    parts = urlsplit(webhook.get("url", ""))
    host = parts.netloc.rpartition("@")
    netloc = f"{MASK}@{host[2]}" if host[1] else host[2]
    url = urlunsplit((parts.scheme, netloc, parts.path, MASK if parts.query else "", ""))
    return {"url": url} | ({"headers": hidden} if hidden else {})


def _query(call: Call, body: dict[str, Any]) -> str:
    return f"?{urlencode(body)}" if body and call.endpoint.method == "GET" else ""
