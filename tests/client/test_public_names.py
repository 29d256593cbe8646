"""What ``import ibflow_nb`` gives, and what it costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import ibflow_nb

HEAVY = ("httpx", "pandas", "numpy", "ipywidgets", "msgspec", "asyncio", "tenacity")


@pytest.mark.parametrize("name", ibflow_nb.__all__)
def test_every_public_name_is_there(name: str) -> None:
    """All names of ``__all__`` can be used and are listed."""
    assert getattr(ibflow_nb, name).__name__ == name
    assert name in dir(ibflow_nb)


def test_other_names_are_errors() -> None:
    """A typing error is an AttributeError, as for any module."""
    with pytest.raises(AttributeError, match="has no attribute 'conect'"):
        ibflow_nb.conect  # noqa: B018


@pytest.mark.parametrize(
    ("statement", "absent"),
    [("import ibflow_nb", HEAVY), ("from ibflow_nb import Client, Job, Records", ("pandas",))],
)
def test_importing_stays_light(statement: str, absent: tuple[str, ...]) -> None:
    """What is not used yet is not loaded yet."""
    script = f"{statement}; import sys; print(*(m for m in {absent!r} if m in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == ""


def test_the_function_connect_is_not_shadowed() -> None:
    """Importing modules of the package leaves ``ibflow_nb.connect`` callable."""
    script = "import ibflow_nb, ibflow_nb.connecting, ibflow_nb.client; ibflow_nb.connect('x.test')"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
