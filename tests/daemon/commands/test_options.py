from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from daemon.commands.options import PERFORMANCE, SETTINGS, Config, with_settings
from daemon.settings.config import DaemonConfig
from protocols.errors import FacewireError

CHOSEN: list[object] = []
"""What the commands below were given."""

app = typer.Typer()


@app.command()
@with_settings("seed", "sinks", "preview")
def plain(word: str, times: Annotated[int, typer.Option()] = 1, *, settings: DaemonConfig) -> None:
    """A command of its own words."""
    CHOSEN[:] = [word, times, settings]


@app.command()
@with_settings()
def asking(config: Config = None, *, settings: DaemonConfig) -> None:
    CHOSEN[:] = [config, settings]


def chosen(*arguments: object) -> list[object]:
    result = CliRunner().invoke(app, [str(each) for each in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return CHOSEN


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "settings.yaml"
    path.write_text("seed: 3\nstyle: 0.5\n", encoding="utf-8")
    return path


def test_options_that_are_given_go_over_the_settings_file(file: Path) -> None:
    assert chosen("plain", "hello", "--config", file) == ["hello", 1, DaemonConfig(seed=3, style=0.5)]
    sinks = ("vmc://127.0.0.1:1", "osc://127.0.0.1:2")
    options = ["--seed", 0, "--sink", sinks[0], "--sink", sinks[1], "--no-preview", "--times", 2]
    assert chosen("plain", "hello", *options, "--config", file) == [
        "hello", 2, DaemonConfig(seed=0, style=0.5, sinks=sinks, preview=False),
    ]  # fmt: skip


def test_without_options_config_yaml_of_this_folder_counts(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    assert chosen("plain", "hello") == ["hello", 1, DaemonConfig()]
    file.rename(file.with_name("config.yaml"))
    assert chosen("plain", "hello") == ["hello", 1, DaemonConfig(seed=3, style=0.5)]
    assert chosen("asking") == [None, DaemonConfig(seed=3, style=0.5)]


def test_a_command_that_asks_for_the_file_itself_gets_it(file: Path) -> None:
    assert chosen("asking", "--config", file) == [file, DaemonConfig(seed=3, style=0.5)]


def test_a_bad_value_is_told_with_what_is_wrong(file: Path) -> None:
    with pytest.raises(FacewireError, match=r"settings.yaml: 1 error\n  seed: "):
        chosen("plain", "hello", "--seed", "-1", "--config", file)


def test_a_command_has_the_options_that_it_names_and_no_others() -> None:
    shown = CliRunner().invoke(app, ["plain", "--help"], env={"COLUMNS": "200"}).output
    assert "A command of its own words." in shown
    assert all(option in shown for option in ("--config", "--seed", "--sink", "--no-preview", "--times"))
    assert CliRunner().invoke(app, ["plain", "hello", "--style", "1"]).exit_code == 2
    assert CliRunner().invoke(app, ["asking", "--seed", "1"]).exit_code == 2


def test_every_option_is_of_a_setting() -> None:
    assert SETTINGS.keys() <= DaemonConfig.model_fields.keys()
    assert set(PERFORMANCE) < SETTINGS.keys()
