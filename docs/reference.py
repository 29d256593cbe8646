"""Writes the Python reference from the docstrings, for ``make docs``.

Griffe reads signatures and docstrings; here is decided what is public, in which order and under
which name it is known, and how the docstrings' markup is written in Markdown.
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import griffe

PACKAGE = Path(__file__).resolve().parent.parent / "ibflow_nb"
INTRO = """\
# The Python API

What `import ibflow_nb` gives. The page is made of the docstrings: after a change run
`make docs`. The commands of the magic are in [commands.md](commands.md).

```python
import ibflow_nb

with ibflow_nb.connect("local") as client:
    job = client.flows.run("a/b/fs/Drive/f.ibflow", "a/b/fs/Drive/input")
    frame = job.records().to_frame()
```

Methods marked *awaitable* block until they are done; `await client.files.read.aio(path)` is the
same as `client.files.read(path)`, awaited. `await job` is `job.result()` awaited.
"""


class Entry(NamedTuple):
    """Something public: where it is defined, and what users call an object of it."""

    path: str
    spoken: str


class Chapter(NamedTuple):
    """Entries under one heading."""

    title: str
    entries: tuple[Entry, ...]


_REQUESTS = ("RunFlow", "RunMetaflow", "RunFlows", "RunOptions", "CompileBinary", "WebhookConfig")
CHAPTERS = (
    Chapter(
        "Connecting",
        (
            Entry("connecting.connect", "ibflow_nb"),
            Entry("client.client.Client", "client"),
            Entry("notebook.nesting.allow_nested_loops", "ibflow_nb"),
        ),
    ),
    Chapter(
        "What a client can do",
        tuple(
            Entry(f"client.{name}.{name.capitalize()}", f"client.{name}")
            for name in ("flows", "solutions", "marketplace", "jobs", "files", "results")
        ),
    ),
    Chapter(
        "Jobs",
        (
            Entry("jobs.job.Job", "job"),
            Entry("jobs.snapshot.Snapshot", "snapshot"),
            Entry("jobs.board.Board", "board"),
            Entry("jobs.overview.Overview", "overview"),
            Entry("jobs.overview.Row", "row"),
        ),
    ),
    Chapter(
        "Records",
        (
            Entry("frames.records.Records", "records"),
            Entry("api.results.ResultRecord", "record"),
            Entry("api.results.Field", "field"),
            Entry("frames.comparison.Comparison", "comparison"),
            Entry("frames.pictures.review.Review", "review"),
            Entry("frames.pictures.charts.Charts", "charts"),
            Entry("frames.pictures.timeline.Timeline", "timeline"),
        ),
    ),
    Chapter(
        "Parameters",
        (
            *(Entry(f"api.flow.{name}", "") for name in _REQUESTS),
            Entry("api.flow.ReviewedRecord", ""),
            Entry("api.solutions.RunSolution", ""),
            Entry("config.target.Network", ""),
        ),
    ),
    Chapter("Errors", (Entry("api.errors", ""),)),
    Chapter("Testing your own code", (Entry("testing", "ibflow_nb.testing"),)),
)
_LISTED = {entry.path.rpartition(".")[2] for chapter in CHAPTERS for entry in chapter.entries}
_AWAITABLE = frozenset({"call", "waiting"})
_ROLE = re.compile(r":(?P<kind>\w+):`~?\.?(?P<target>[^`]+)`")
_LITERAL = re.compile(r"``(.+?)``", re.DOTALL)


def page() -> str:
    """Give the whole page."""
    package = griffe.load(
        PACKAGE.name, search_paths=[PACKAGE.parent], docstring_parser=griffe.Parser.google
    )
    lines = [INTRO]
    for chapter in CHAPTERS:
        lines += [f"## {chapter.title}\n"]
        for entry in chapter.entries:
            lines += _entry(package[entry.path], entry.spoken)
    return "\n".join(lines).rstrip() + "\n"


def _entry(item: Any, spoken: str) -> Iterator[str]:
    if item.is_module:
        yield from _sections(item)
        for member in _public(item):
            if member.is_class:
                yield from _class(member, member.name)
    elif item.is_class:
        yield from _class(item, spoken)
    else:
        yield from _function(item, f"{spoken}.{item.name}", level=3)


def _class(item: Any, spoken: str) -> Iterator[str]:
    yield f"### {item.name}\n"
    yield from _sections(item)
    if bases := ", ".join(f"`{base}`" for base in item.bases if str(base) in _LISTED):
        yield f"All that {bases} has, it has too.\n"
    for member in _public(item):
        if member.is_function:
            yield from _function(member, f"{spoken}.{member.name}", level=4)
        elif "property" in member.labels or "cached" in member.labels:
            yield f"#### {spoken}.{member.name}\n"
            yield f"`{member.annotation}`\n"
            yield from _sections(member)


def _function(item: Any, name: str, *, level: int) -> Iterator[str]:
    yield f"{'#' * level} {name}\n"
    signature = f"{item.name}({', '.join(_parameters(item))})"
    if item.returns is not None and str(item.returns) != "None":
        signature += f" -> {item.returns}"
    if len(signature) > 96:
        body = "".join(f"    {parameter},\n" for parameter in _parameters(item))
        signature = f"{item.name}(\n{body})" + (f" -> {item.returns}" if item.returns else "")
    yield f"```python\n{signature}\n```\n"
    if _AWAITABLE & {str(decorator.value) for decorator in item.decorators}:
        yield "*Awaitable.*\n"
    yield from _sections(item)


def _parameters(item: Any) -> list[str]:
    """Write the parameters as a signature has them, without ``self``."""
    written: list[str] = []
    keyword_only = False
    for parameter in item.parameters:
        if parameter.name in {"self", "cls"}:
            continue
        kind = parameter.kind
        if kind is griffe.ParameterKind.keyword_only and not keyword_only:
            keyword_only = True
            written.append("*")
        stars = {
            griffe.ParameterKind.var_positional: "*",
            griffe.ParameterKind.var_keyword: "**",
        }.get(kind, "")
        text = f"{stars}{parameter.name}"
        if parameter.annotation is not None:
            text += f": {parameter.annotation}"
        if not stars and parameter.default is not None:
            text += f" = {parameter.default}"
        written.append(text)
    return written


def _public(item: Any) -> list[Any]:
    """Give the members to be listed, in the order of the source."""
    return [
        member
        for member in item.members.values()
        if not member.is_alias and not member.name.startswith("_") and member.docstring is not None
    ]


def _sections(item: Any) -> Iterator[str]:
    """Write a docstring, section by section."""
    if item.docstring is None:
        return
    for section in item.docstring.parse(griffe.Parser.google, warnings=False):
        if section.kind is griffe.DocstringSectionKind.text:
            yield _prose(section.value) + "\n"
        elif isinstance(section.value, list):
            yield f"**{section.kind.value.capitalize()}**\n"
            yield _listed(section.value)


def _listed(elements: Iterable[Any]) -> str:
    """Write the elements of a section: a name or a type, and what it means."""
    lines = []
    for element in elements:
        name = getattr(element, "name", "") or str(element.annotation)
        lines.append(f"- `{name}`: {_inline(' '.join(element.description.split()))}")
    return "\n".join(lines) + "\n"


def _prose(text: str) -> str:
    """Write paragraphs; indented blocks are code."""
    written = []
    for block in re.split(r"\n{2,}", text):
        if block.startswith("="):
            written.append(_table(block))
        elif block.startswith(" ") or "├" in block:
            written.append(f"```\n{textwrap.dedent(block)}\n```")
        elif block.strip() != "::":
            written.append(_inline(re.sub(r"::$", ":", block)))
    return "\n\n".join(written)


def _table(text: str) -> str:
    """Write a simple table; a line goes on with the row before if its first cell is blank."""
    rule, *lines = text.splitlines()
    cut = rule.index(" ")
    rows: list[tuple[str, str]] = []
    for line in lines:
        if line.startswith("="):
            continue
        name, meaning = line[:cut].strip(), line[cut:].strip()
        if rows and (not name or rows[-1][0].endswith(",")):
            before = rows.pop()
            name, meaning = f"{before[0]} {name}".strip(), f"{before[1]} {meaning}".strip()
        rows.append((name, meaning))
    cells = [f"| {_inline(name)} | {_inline(meaning)} |" for name, meaning in rows]
    return "\n".join([cells[0], "|---|---|", *cells[1:]])


def _inline(text: str) -> str:
    """Write the markup of reStructuredText within a line in Markdown."""
    return _LITERAL.sub(r"`\1`", _ROLE.sub(_target, text))


def _target(match: re.Match[str]) -> str:
    """Name what a role points to: a module in full, all else by its last name."""
    target = match["target"]
    return f"`{target if match['kind'] == 'mod' else target.rpartition('.')[2]}`"


if __name__ == "__main__":
    sys.stdout.write(page())
