"""The server against requests that are generated from its own OpenAPI document."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import checks

from ibflow_nb.local.server.openapi import openapi_document

pytestmark = pytest.mark.faults

EXAMPLES = int(os.environ.get("IBFLOW_NB_TEST_EXAMPLES", "15"))
SPACE = "local/my-repo/fs/Instabase Drive"
TOKEN = "canary-token-5b1f70"
SCHEMA = schemathesis.openapi.from_dict(openapi_document())
OPERATIONS = [found.ok() for found in SCHEMA.get_all_operations()]
CHECKS = (
    checks.not_a_server_error,
    checks.content_type_conformance,
    checks.response_schema_conformance,
)


@pytest.fixture(autouse=True)
def flow(standing: Any) -> None:
    """Give the calls something to find, whatever earlier ones deleted."""
    (standing.folder / "in").mkdir(parents=True, exist_ok=True)
    (standing.folder / "in" / "a.txt").write_text("Total 1.00")
    steps = [{"step_name": "process_files", "kwargs": {}}]
    (standing.folder / "f.ibflow").write_text(json.dumps({"rootDir": ".", "steps": steps}))


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_generated_requests_get_documented_replies(standing: Any, operation: Any) -> None:
    """No request gets a 5xx, and each reply has the documented shape, errors included."""

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy())
    def send(case: Any) -> None:
        reply = case.call(
            base_url=str(standing.client.base_url),
            headers={"Authorization": f"Bearer {TOKEN}"},
            timeout=90,
        )
        case.validate_response(reply, checks=CHECKS)
        if reply.content and "json" in reply.headers.get("Content-Type", ""):
            told = reply.json()
            refused = told.get("status") == "ERROR" or not reply.ok
            assert not refused or (told.get("msg") or told.get("message")).endswith(".")

    send()
