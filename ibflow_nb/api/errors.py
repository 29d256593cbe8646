"""The error tree.

::

    IbflowError
    ├── CommandError           a magic or a command line that cannot be carried out as typed
    ├── ConfigError            a setting, a profile or a token is missing or wrong
    ├── InvalidRequest         a request body with a missing key or a wrong type
    ├── ConnectionFailed       no answer from the server
    ├── ApiError               the server answered with an error
    │   ├── AuthenticationFailed
    │   ├── NotFound
    │   └── BadReply           the answer is not what the API promises
    ├── JobError               concerns one job
    │   ├── JobFailed          it did not complete
    │   ├── JobTimeout         it did not end in the time given (also a TimeoutError)
    │   └── NoResults          it left no results at all
    └── FrameError             records that cannot become the frame asked for
    KeyboardInterrupt
    └── Interrupted            a wait for a job that the user interrupted

Every message is one sentence that says what happened, where, and what to do next.
"""

from __future__ import annotations

import traceback


class IbflowError(Exception):
    """Base of all errors of this package; a notebook shows it as one or two lines."""

    def _render_traceback_(self) -> list[str]:
        """Tell IPython what to show: the sentence, without a stack.

        The stack stays available: ``%ibflow traceback`` prints :meth:`full_traceback`.
        """
        return [f"{type(self).__name__}: {self}"]

    def full_traceback(self) -> str:
        """Give the whole stack, for ``%ibflow traceback`` and bug reports."""
        return "".join(traceback.format_exception(self))


class CommandError(IbflowError):
    """A magic or a command line that cannot be carried out as typed."""


class ConfigError(IbflowError):
    """A setting, a profile or a token is missing or wrong."""


class InvalidRequest(IbflowError):
    """A request body has a missing key, a wrong type or a value outside its range."""


class ConnectionFailed(IbflowError):
    """The server gave no answer: refused, reset, timed out or unknown."""


class ApiError(IbflowError):
    """The server answered with an error.

    Attributes:
        status_code: HTTP status of the reply; 200 for errors that v1 reports in the body.
        call: name of the call in the endpoint table, such as ``run_flow_async``.
        retry_after: seconds for which the server asks to be left alone, if it said so.
    """

    def __init__(
        self,
        message: str,
        *,
        status_code: int = 200,
        call: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.call = call
        self.retry_after = retry_after


class AuthenticationFailed(ApiError):
    """The server refused the token or the context (401, 403)."""


class NotFound(ApiError):
    """The path, job or solution does not exist on the server."""


class BadReply(ApiError):
    """The reply is not what the API promises: not JSON, cut off, or of another shape."""


class JobError(IbflowError):
    """Something about one job.

    Attributes:
        job_id: the job's id.
    """

    def __init__(self, message: str, *, job_id: str) -> None:
        super().__init__(message)
        self.job_id = job_id


class JobFailed(JobError):
    """The job ended in another state than COMPLETE."""


class JobTimeout(JobError, TimeoutError):
    """The job did not end in the time given; it goes on."""


class NoResults(JobError):
    """The job left no results at all."""


class FrameError(IbflowError):
    """The records cannot become the frame that was asked for."""


class Interrupted(KeyboardInterrupt):
    """A wait that the user interrupted; a notebook shows one line."""

    def _render_traceback_(self) -> list[str]:
        """Tell IPython what to show: the sentence, without a stack."""
        return [f"Interrupted: {self}"]
