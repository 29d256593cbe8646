"""What is asked next, on a simulated clock."""

from __future__ import annotations

from typing import Any

import pytest

from ibflow_nb.jobs.agenda import Agenda, Question


@pytest.fixture
def agenda(clock: Any) -> Agenda:
    """An agenda of two requests at once and one a second."""
    return Agenda(clock, rate=1.0, burst=2)


def test_questions_come_in_order_of_time(agenda: Agenda, clock: Any, scripted: Any) -> None:
    """None comes before it is due; until then it is told how long that takes."""
    later, sooner = (Question(service=scripted(None)) for _ in range(2))
    agenda.put(later, 7.0)
    agenda.put(sooner, 5.0)
    assert agenda.take() == (None, 5.0)
    clock.time = 8.0
    assert [agenda.take()[0], agenda.take()[0]] == [sooner, later]


def test_only_the_latest_time_counts(agenda: Agenda, clock: Any, scripted: Any) -> None:
    """A question that was put off, or dropped, is not asked at the time set before."""
    put_off, dropped = (Question(service=scripted(None)) for _ in range(2))
    agenda.put(dropped, 1.0)
    agenda.put(put_off, 1.0)
    agenda.put(put_off, 3.0)
    dropped.dropped = True
    clock.time = 2.0
    assert agenda.take() == (None, 1.0)


def test_further_requests_are_made_up_for(agenda: Agenda, clock: Any, scripted: Any) -> None:
    """What is counted beside the questions keeps those within the rate of their server."""
    service = scripted(None)
    agenda.put(Question(service=service), 0.0)
    agenda.put(Question(service=scripted(None)), 0.5)
    for _ in range(3):
        agenda.count(service)
    assert agenda.take()[0] is None
    clock.time = 0.5
    other, _ = agenda.take()
    assert other is not None
    assert other.service is not service
    assert agenda.take() == (None, pytest.approx(1.5))


def test_a_server_that_is_left_alone_is_asked_afterwards(
    agenda: Agenda, clock: Any, scripted: Any
) -> None:
    """The pause holds for all questions to the server, and for no other server."""
    question = Question(service=scripted(None))
    agenda.put(question, 0.0)
    agenda.hold(question.service, 30.0)
    assert agenda.held(question.service)
    assert not agenda.held(scripted(None))
    assert agenda.take() == (None, 30.0)
    clock.time = 30.0
    assert agenda.take() == (question, 0.0)
