"""A notification of the browser at a job's end, for those who look at another tab meanwhile.

It is a script in an output of its own. The browser asks for permission when the job starts;
where scripts do not run (VS Code, a viewer, a page without permission) nothing happens. A script
in a saved notebook is deaf after a minute, so that opening the file again notifies nobody.
"""

from __future__ import annotations

import time

import msgspec

from ibflow_nb.jobs import Job
from ibflow_nb.notebook.progress.describe import describe
from ibflow_nb.notebook.progress.output import Output

FRESH = 60.0
"""Seconds for which a script does something."""
_SCRIPT = """(() => {
  if (!("Notification" in window) || Date.now() > %(until)d) return;
  const tell = () => { try { %(action)s } catch (error) {} };
  if (Notification.permission === "granted") tell();
  else if (Notification.permission === "default")
    Notification.requestPermission().then(answer => answer === "granted" && tell(), () => {});
})();"""


def notify_at_end(job: Job, title: str) -> None:
    """Have the browser ask for permission now, and tell the job's end when it comes."""
    output = Output()
    output.publish(_bundle(""))

    def tell(ended: Job) -> None:
        words = describe(ended.snapshot, title)
        body = " · ".join(part for part in (words.counts, words.elapsed, words.message) if part)
        heading = f"{words.word} {title}".strip()
        options = {"body": body, "tag": ended.id}
        output.publish(_bundle(f"new Notification({_literal(heading)}, {_literal(options)});"))

    job.on_done(tell)


def _bundle(action: str) -> dict[str, str]:
    until = int(1000 * (time.time() + FRESH))
    return {
        "application/javascript": _SCRIPT % {"until": until, "action": action},
        "text/plain": "",
    }


def _literal(value: object) -> str:
    """Give a value as a JavaScript literal that cannot end the script it stands in."""
    return msgspec.json.encode(value).decode().replace("<", "\\u003c")
