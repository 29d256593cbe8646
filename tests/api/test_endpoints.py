"""The endpoint table."""

from __future__ import annotations

import pytest

from ibflow_nb.api.endpoints import ENDPOINTS, JOB_STATUS, Endpoint

# What the two documents name, as printed there.
SEED_CALLS = {
    ("POST", "flow/run_step_async"),
    ("POST", "flow/run_flow_async"),
    ("POST", "flow/restart"),
    ("POST", "flow/run_metaflow_async"),
    ("GET", "jobs/status"),
}


def test_every_call_of_the_flow_document_is_in_the_table() -> None:
    """The table holds each call that the Flow API document names."""
    assert {(e.method, e.path) for e in ENDPOINTS} >= SEED_CALLS


def test_no_two_endpoints_share_a_name_or_an_address() -> None:
    """Names, and method with path, are unique."""
    assert len({e.name for e in ENDPOINTS}) == len(ENDPOINTS)
    assert len({(e.method, e.url) for e in ENDPOINTS}) == len(ENDPOINTS)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda e: e.name)
def test_every_endpoint_says_what_it_does_and_where_it_is_defined(endpoint: Endpoint) -> None:
    """Summary and source are there: the documentation is made from them."""
    assert endpoint.summary.endswith(".")
    assert endpoint.source


def test_the_url_carries_the_version() -> None:
    """The client calls /api/v1/..."""
    assert JOB_STATUS.url == "/api/v1/jobs/status"
