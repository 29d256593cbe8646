"""Settings: ``%config``, IPython's files, the environment, and which of them wins."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from traitlets.config import Config

from ibflow_nb.api.errors import ConfigError
from ibflow_nb.config.table import BY_NAME, DISPLAY, INTERRUPT, SETTINGS, Display, OnInterrupt
from ibflow_nb.notebook.magic import IbflowMagics
from ibflow_nb.notebook.settings import Settings
from ibflow_nb.notebook.traits import IBFlow


def settings_of(shell: Any) -> Settings:
    """Give the settings of a shell's magic."""
    magics = shell.magics_manager.registry[IbflowMagics.__name__]
    return magics.context.settings


def test_config_lists_every_setting(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """'%config IBFlow' gives each setting with its help and what it can be."""
    shell.run_cell("%config IBFlow")
    shown = capsys.readouterr().out
    assert [name for name in BY_NAME if f"IBFlow.{name}=" not in shown] == []
    assert "what an interrupted wait does with the job: detach, cancel." in shown.replace(
        "What", "what"
    )


def test_config_sets(shell: Any) -> None:
    """A value set by '%config' is in force at once; None takes it back."""
    settings = settings_of(shell)
    shell.run_cell('%config IBFlow.display = "text"')
    assert (settings[DISPLAY], settings.find(DISPLAY).source) == (Display.TEXT, "%config")
    shell.run_cell("%config IBFlow.display = None")
    assert (settings[DISPLAY], settings.find(DISPLAY).source) == (Display.AUTO, "default")


def test_config_before_the_first_command_is_told_as_config(shell: Any) -> None:
    """What '%config' has set is not taken for a line of a file, whenever settings are read."""
    shell.run_cell('%config IBFlow.display = "text"')
    assert settings_of(shell).find(DISPLAY).source == "%config"


def test_a_wrong_value_leaves_what_was_there(shell: Any, caplog: pytest.LogCaptureFixture) -> None:
    """'%config' says in one sentence what the setting can be."""
    settings = settings_of(shell)
    shell.run_cell('%config IBFlow.interrupt = "cancel"')
    shell.run_cell('%config IBFlow.interrupt = "explode"')
    assert caplog.messages == ["'interrupt' can be detach, cancel, not 'explode'."]
    assert settings[INTERRUPT] is OnInterrupt.CANCEL


def test_an_unknown_name_is_told_with_a_near_one(shell: Any) -> None:
    """'%config' of a misspelt setting names the right one."""
    with pytest.warns(UserWarning, match="Did you mean `display`"):
        shell.run_cell('%config IBFlow.dispaly = "text"')


def test_ipython_config_sets(own_folders: Any) -> None:
    """'c.IBFlow.x = ...' in ipython_config.py counts until '%config' says otherwise."""
    settings = Settings(IBFlow(config=Config({"IBFlow": {"display": "static"}})))
    assert (settings[DISPLAY], settings.find(DISPLAY).source) == (
        Display.STATIC,
        "ipython_config.py",
    )
    settings.change("display", "off")
    assert (settings[DISPLAY], settings.find(DISPLAY).source) == (Display.OFF, "%config")


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("c.IBFlow.display = 'static'", "display  static  ipython_config.py"),
        (
            "c.IBFlow.display = 'huge'",
            "In IPython's configuration: 'display' can be auto, widget, ",
        ),
    ],
)
def test_a_real_ipython_config_is_read(own_folders: Path, line: str, shown: str) -> None:
    """IPython reads its own file; a wrong value in it is told when the extension is loaded."""
    folder = own_folders / "ipython" / "profile_default"
    folder.mkdir(parents=True)
    (folder / "ipython_config.py").write_text(f"c = get_config()\n{line}\n")
    code = "%load_ext ibflow_nb\nprint(get_ipython().run_line_magic('ibflow', 'config display'))"
    command = [sys.executable, "-m", "IPython", "--no-banner", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert shown in done.stdout


def test_what_is_set_here_beats_the_environment() -> None:
    """The environment counts where nothing is set in the kernel; an empty variable says nothing."""
    settings = Settings(environ={"IBFLOW_NB_DISPLAY": "text", "IBFLOW_NB_INTERRUPT": ""})
    assert settings[DISPLAY] is Display.TEXT
    assert settings.find(DISPLAY).source == "the variable IBFLOW_NB_DISPLAY"
    assert settings.find(INTERRUPT).source == "default"
    settings.change("display", "widget")
    assert settings[DISPLAY] is Display.WIDGET


def test_a_wrong_variable_is_named() -> None:
    """The error names the variable, not the setting that it stands for."""
    with pytest.raises(ConfigError, match="The variable IBFLOW_NB_DISPLAY can be auto, widget, "):
        Settings(environ={"IBFLOW_NB_DISPLAY": "huge"})[DISPLAY]


@pytest.mark.parametrize(
    "setting", [one for one in SETTINGS if one.default is not None], ids=lambda one: one.name
)
def test_defaults_are_values(setting: Any) -> None:
    """What a setting is when nobody says anything is a value of it."""
    assert setting.read(setting.default) == setting.default


def test_unload_takes_the_settings_away(shell: Any) -> None:
    """After unload '%config' knows nothing of them."""
    settings = settings_of(shell)
    shell.run_line_magic("unload_ext", "ibflow_nb")
    assert settings.own not in shell.configurables
