"""Completion of commands, options, job ids and paths, for a matcher of IPython's second kind.

The older hook mixes its answers with hundreds of names. A matcher sees the current line only, so
the body of a cell magic is told from its first line by the cursor's place.
"""

from __future__ import annotations

import logging
import queue
import re
import shlex
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from IPython.core.completer import (
    CompletionContext,
    SimpleCompletion,
    SimpleMatcherResult,
)

if TYPE_CHECKING:
    from ibflow_nb.notebook.commands.base import Argument, Command
    from ibflow_nb.notebook.lookups import Lookups
    from ibflow_nb.notebook.magic import IbflowMagics

MOST_SECONDS = 0.3
_LINE = re.compile(r"^\s*(?:[^%]*=\s*)?%%?ibflow\s+(?P<rest>.*)$", re.DOTALL)
_WORD = re.compile(r"""[^\s"']*$""")
_OPEN_QUOTE = re.compile(r"""(?P<quote>["'])(?P<word>[^"']*)$""")
_log = logging.getLogger(__name__)
T = TypeVar("T")


def match(
    context: CompletionContext, magics: IbflowMagics, lookups: Lookups
) -> SimpleMatcherResult:
    """Complete the word before the cursor, if it belongs to the magic."""
    nothing = SimpleMatcherResult(completions=[])
    found = _LINE.match(context.text_until_cursor)
    in_body = context.cursor_line > 0 and context.full_text.lstrip().startswith("%%ibflow")
    if not found or in_body:
        return nothing
    before, quote, fragment = _last_word(found["rest"])
    if "{" in fragment or "$" in fragment:  # Python, which IPython completes
        return nothing
    options = [
        SimpleCompletion(text=text, type=kind)
        for text, kind in in_time(lambda: list(candidates(before, fragment, magics, lookups)))
    ]
    # Other matchers are kept out only by one that has found something: the word itself.
    options = _quoted(options, quote) or [SimpleCompletion(text=fragment)]
    result = SimpleMatcherResult(completions=options, suppress=True, ordered=True)
    result["matched_fragment"] = fragment
    return result


def in_time(find: Callable[[], list[T]]) -> list[T]:
    """Give what is found within 0.3 s and nothing else: no error, and not what comes too late.

    The first use has modules to import, and folders and servers may be slow. What was begun goes
    on by itself, so that the next try finds it done.
    """
    answer: queue.SimpleQueue[list[T]] = queue.SimpleQueue()

    def work() -> None:
        try:
            answer.put(find())
        except Exception:  # noqa: BLE001 - a key was pressed, nothing was asked for
            _log.debug("Nothing can be completed here", exc_info=True)
            answer.put([])

    threading.Thread(target=work, name="ibflow-completion", daemon=True).start()
    try:
        return answer.get(timeout=MOST_SECONDS)
    except queue.Empty:
        return []


def candidates(
    before: list[str], word: str, magics: IbflowMagics, lookups: Lookups
) -> Iterable[tuple[str, str]]:
    """Give what the word can become, with its kind, after the words before it."""
    from ibflow_nb.notebook.commands import TABLE

    command = TABLE.get(" ".join(before[:2])) or TABLE.get(before[0] if before else "")
    if command is None:
        return _commands(TABLE, before, word)
    if word.startswith("-"):
        flags = [flag for item in command.all_arguments for flag in item.flags if flag[0] == "-"]
        return [(flag, "option") for flag in [*flags, "--help"] if flag.startswith(word)]
    words = before[len(command.name.split()) :]
    item, given = _argument_at(command, words)
    return _values(item, word, given, magics, lookups) if item else []


def _last_word(text: str) -> tuple[list[str], str, str]:
    """Give the words before the last one, the quote that the last one opens, and itself."""
    try:
        shlex.split(text)
        opened = None
    except ValueError:  # a quote is still open
        opened = _OPEN_QUOTE.search(text)
    if opened is not None:
        return _words(text[: opened.start()]), opened["quote"], opened["word"]
    found = _WORD.search(text)
    word = found[0] if found else ""
    return _words(text[: len(text) - len(word)]), "", word


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:  # such as a backslash at the end
        return text.split()


def _commands(table: dict[str, Command], before: list[str], word: str) -> list[tuple[str, str]]:
    longer = [name.split() for name in table if len(name.split()) > len(before)]
    names = {words[len(before)] for words in longer if words[: len(before)] == before}
    return [(name, "subcommand") for name in sorted(names) if name.startswith(word)]


def _argument_at(command: Command, words: list[str]) -> tuple[Argument | None, list[str]]:
    """Tell which argument the word after these words belongs to, and the positionals given."""
    from ibflow_nb.notebook.commands.base import Completes

    flags = {flag: item for item in command.all_arguments for flag in item.flags}
    given: list[str] = []
    expects_value: Argument | None = None
    for word in words:
        if expects_value:
            expects_value = None
        elif word.startswith("-"):
            expects_value = flags[word] if word in flags and flags[word].takes_value else None
        else:
            given.append(word)
    if expects_value:
        return expects_value, given
    named = {Completes.SOLUTION, Completes.VERSION} if "--solution" in words else set()
    places = [item for item in command.arguments if item.positional and item.completes not in named]
    place = len(given)
    if places and places[-1].options.get("nargs") in {"*", "+"}:
        place = min(place, len(places) - 1)
    return (places[place] if place < len(places) else None), given


def _values(
    item: Argument, word: str, given: list[str], magics: IbflowMagics, lookups: Lookups
) -> list[tuple[str, str]]:
    from ibflow_nb.config import profiles
    from ibflow_nb.notebook.commands.base import Completes

    found = [(choice, "value") for choice in item.choices if choice.startswith(word)]
    if item.completes is Completes.JOB:
        jobs = magics.context.jobs
        ids = [*jobs.known(), *(entry.job_id for entry in jobs.history.entries()[:50])]
        found += [(one, "job") for one in dict.fromkeys(ids) if one.startswith(word)]
    if item.completes in {Completes.LOCAL, Completes.PATH}:
        found += [(path, "path") for path in local_paths(word)]
    if item.completes in {Completes.REMOTE, Completes.PATH}:
        found += [(path, "path") for path in lookups.paths(word)]
    if item.completes is Completes.SOLUTION:
        found += [(name, "solution") for name in lookups.solutions() if name.startswith(word)]
    if item.completes is Completes.PROFILE:
        found += [(name, "profile") for name in profiles.names() if name.startswith(word)]
    if item.completes is Completes.VERSION and given:
        versions = lookups.solutions().get(given[-1], [])
        found += [(version, "version") for version in versions if version.startswith(word)]
    return found


def local_paths(word: str) -> list[str]:
    """Give the local paths that begin with a word; folders end with a slash."""
    head, _, name = word.rpartition("/")
    base = f"{head}/" if "/" in word else ""
    folder = Path(base or ".").expanduser()
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return []
    return [
        f"{base}{entry.name}{'/' if entry.is_dir() else ''}"
        for entry in entries
        if entry.name.startswith(name) and (name.startswith(".") or not entry.name.startswith("."))
    ]


def _quoted(options: list[SimpleCompletion], quote: str) -> list[SimpleCompletion]:
    """Put quotes around what holds blanks, unless the user has opened one."""
    if quote:
        return options
    return [
        SimpleCompletion(text=f'"{one.text}"', type=one.type) if " " in one.text else one
        for one in options
    ]
