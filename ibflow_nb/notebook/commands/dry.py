"""``--dry-run``: the request as it would be sent, secrets masked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

import msgspec

from ibflow_nb.notebook.commands.base import Call

if TYPE_CHECKING:
    from ibflow_nb.notebook.context import Context

MASK = "****"


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
    """Hide what may be secret: headers and the query of a webhook."""
    webhook = body.get("webhook_config")
    if not isinstance(webhook, dict):
        return body
    hidden = dict.fromkeys(webhook.get("headers", {}), MASK)
    parts = urlsplit(webhook.get("url", ""))
    host = parts.netloc.rpartition("@")
    netloc = f"{MASK}@{host[2]}" if host[1] else host[2]
    url = urlunsplit((parts.scheme, netloc, parts.path, MASK if parts.query else "", ""))
    shown = {"url": url} | ({"headers": hidden} if hidden else {})
    return {**body, "webhook_config": shown}


def _query(call: Call, body: dict[str, Any]) -> str:
    return f"?{urlencode(body)}" if body and call.endpoint.method == "GET" else ""
