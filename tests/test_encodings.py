"""Text files are UTF-8 on every system: Windows would take another encoding where none is named.

Ruff's PLW1514 sees only files whose type it can tell, so that most calls escape it.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("daemon", "model", "protocols", "training", "tests", "packaging")
POSITION = {"read_text": 0, "write_text": 1}
"""Where `encoding` is among a method's arguments, if it is not named."""


def unnamed(source: str) -> Iterator[int]:
    """The lines in which a text file is opened without an encoding."""
    for call in ast.walk(ast.parse(source)):
        if not isinstance(call, ast.Call) or any(keyword.arg in ("encoding", None) for keyword in call.keywords):
            continue
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if name in POSITION and isinstance(call.func, ast.Attribute) and len(call.args) <= POSITION[name]:
            yield call.lineno
        if name == "open" and _as_text(call):
            yield call.lineno


def _as_text(call: ast.Call) -> bool:
    """Whether `open(path, mode)` or `path.open(mode)` opens text; other things' `open` take no mode first."""
    given = call.args[1:2] if isinstance(call.func, ast.Name) else call.args[:1]
    given += [keyword.value for keyword in call.keywords if keyword.arg == "mode"]
    modes = [each.value for each in given if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    return not given or any(re.fullmatch("[rwax+t]+", mode) for mode in modes)


def test_every_text_file_names_its_encoding() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
        for line in unnamed(path.read_text(encoding="utf-8"))
    ]
    assert not found, 'write encoding="utf-8" in\n' + "\n".join(found)


@pytest.mark.parametrize(
    "source",
    ["path.read_text()", "path.write_text(x)", "open(path)", "open(path, 'w')", "path.open()", "path.open(mode='a')"],
)
def test_one_without_is_found(source: str) -> None:
    assert list(unnamed(source)) == [1]


@pytest.mark.parametrize(
    "source",
    [
        "path.read_text('utf-8')", "path.write_text(x, encoding='utf-8')", "open(path, 'rb')", "path.open('wb')",
        "path.open(encoding='utf-8')", "path.open('a', encoding='utf-8')", "archive.open(name)", "path.open(**options)",
    ],
)  # fmt: skip
def test_others_are_left_alone(source: str) -> None:
    assert not list(unnamed(source))
