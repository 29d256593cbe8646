"""The OpenAPI document, made from the endpoint table and the wire types."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from typing import Any

import msgspec

from ibflow_nb.api.endpoints import DRIVE_READ, ENDPOINTS, FILE_READ, Endpoint
from ibflow_nb.api.flow import FlowFile
from ibflow_nb.api.schema import ErrorReply, MessageReply
from ibflow_nb.local.engine.descriptions import describe_steps

_REFERENCE = "#/components/schemas/{name}"
_BYTES = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
_READS = {FILE_READ, DRIVE_READ}
_PATH_PARAMETER = {
    "name": "path",
    "in": "path",
    "required": True,
    "description": "Drive path, decoded once; may hold slashes.",
    "schema": {"type": "string"},
}


@cache
def openapi_document() -> dict[str, Any]:
    """Describe every call of the table, in OpenAPI 3.1."""
    kinds = {kind for endpoint in ENDPOINTS for kind in (endpoint.request, endpoint.reply) if kind}
    ordered = sorted(kinds | {ErrorReply, MessageReply, FlowFile}, key=lambda kind: kind.__name__)
    schemas, components = msgspec.json.schema_components(ordered, ref_template=_REFERENCE)
    by_kind = dict(zip(ordered, schemas, strict=True))
    of_steps = {
        f"Kwargs_{name}": {"type": "object", "title": name, "description": text}
        for name, text in describe_steps().items()
    }
    components |= of_steps
    components["FlowStep"]["properties"]["kwargs"] = {
        "anyOf": [{"$ref": _REFERENCE.format(name=name)} for name in of_steps]
    }
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in ENDPOINTS:
        operation = _operation(endpoint, by_kind, components)
        paths.setdefault(endpoint.url, {})[endpoint.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "ibflow-nb embedded platform", "version": version("ibflow-nb")},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


def _operation(
    endpoint: Endpoint, by_kind: dict[Any, dict[str, Any]], components: dict[str, Any]
) -> dict[str, Any]:
    """Describe one call."""
    parameters = [_PATH_PARAMETER] if "{path}" in endpoint.path else []
    operation: dict[str, Any] = {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "description": f"Source: {endpoint.source}.",
        "responses": _responses(endpoint, by_kind),
    }
    if endpoint.request and endpoint.method == "GET":
        parameters += _query_parameters(components[endpoint.request.__name__])
    elif endpoint.request:
        content = {"application/json": {"schema": by_kind[endpoint.request]}}
        operation["requestBody"] = {"required": True, "content": content}
    elif endpoint.method in {"PUT", "PATCH", "POST"}:
        operation["requestBody"] = {"required": True, "content": _BYTES}
    return operation | ({"parameters": parameters} if parameters else {})


def _responses(endpoint: Endpoint, by_kind: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    reply: dict[str, Any] = {"description": "Success."}
    if endpoint.reply:
        schema = by_kind[endpoint.reply]
        if endpoint.version == 1:
            schema = {"anyOf": [schema, by_kind[ErrorReply]]}
        reply["content"] = {"application/json": {"schema": schema}}
    if endpoint in _READS:
        reply["content"] = reply.get("content", {}) | _BYTES
    error: dict[str, Any] = {"description": "Error."}
    if endpoint.method != "HEAD":  # whose replies have no body
        schema = by_kind[MessageReply if endpoint.version == 2 else ErrorReply]
        error["content"] = {"application/json": {"schema": schema}}
    return {"200" if endpoint.version == 1 else "2XX": reply, "default": error}


def _query_parameters(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Turn the fields of a query type into parameters."""
    required = set(schema.get("required", ()))
    return [
        {"name": name, "in": "query", "required": name in required, "schema": field}
        for name, field in schema.get("properties", {}).items()
    ]
