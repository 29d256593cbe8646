"""What observers of one job hear."""

from __future__ import annotations

import threading
from typing import Any

from ibflow_nb.jobs.snapshot import Snapshot
from ibflow_nb.jobs.watch import Watch


def test_news_of_two_threads_come_one_after_the_other(scripted: Any) -> None:
    """What is published while observers hear of something else does not overtake it."""
    watch = Watch(scripted(lambda *_: None), Snapshot(job_id="job-1"))
    heard: list[str] = []
    other = threading.Thread(target=lambda: watch.publish(watch.snapshot.replace(note="later")))

    def publish_meanwhile(snapshot: Snapshot) -> None:
        if snapshot.note == "first":
            other.start()
            other.join(0.05)

    watch.subscribe(publish_meanwhile)
    watch.subscribe(lambda snapshot: heard.append(snapshot.note))
    watch.publish(watch.snapshot.replace(note="first"))
    other.join(10)
    assert heard == ["first", "later"]
