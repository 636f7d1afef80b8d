"""Reads settings and recipes from YAML and checks them with pydantic. Reports everything that is wrong at once."""

import dataclasses
import difflib
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from reprlib import Repr
from typing import Any, Final, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from protocols.errors import FacewireError

Model = TypeVar("Model", bound=BaseModel)

TIMESTAMP: Final = "tag:yaml.org,2002:timestamp"
INTEGER_BITS: Final = 64
NESTING: Final = 20

_SHORT: Final = Repr()
_SHORT.maxstring = _SHORT.maxother = 80
_SHORT.maxlevel = 2


class Loader(yaml.SafeLoader):
    """Loads plain YAML values only: no dates, no name given twice. Every error names its line."""

    _depth = 0
    yaml_implicit_resolvers = {  # noqa: RUF012 (the base class's name)
        first: [(tag, pattern) for tag, pattern in resolvers if tag != TIMESTAMP]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """As the base class does. Raises ComposerError if nodes are nested too deeply."""
        self._depth += 1
        if self._depth > NESTING:
            place = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "nested too deeply", place)
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """As the base class does, but any error is a YAMLError."""
        try:
            value = super().construct_object(node, deep)
            if isinstance(value, int) and value.bit_length() > INTEGER_BITS:
                raise ValueError
            if isinstance(value, str):
                value.encode()  # fails for half a character, such as "\ud800"
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            kind = node.tag.rpartition(":")[2]
            raise yaml.constructor.ConstructorError(None, None, f"not a valid {kind}", node.start_mark) from error
        return value

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """As the base class does. Raises ConstructorError, naming both lines, if a name is given twice."""
        lines: dict[str, int] = {}
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if isinstance(key, yaml.ScalarNode):
                line = key.start_mark.line + 1
                if key.value in lines:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"{key.value} is already set in line {lines[key.value]}; keep one", key.start_mark
                    )
                lines[key.value] = line
        return super().construct_mapping(node, deep)


def read(file: Path) -> dict[str, Any]:
    """Read the settings in a YAML file; an empty file gives an empty dict.

    Raises FacewireError if the file cannot be read, is not valid YAML, or does not hold `name: value` lines.
    """
    try:
        return parse(file.read_text("utf-8"), f"{file}")
    except (OSError, UnicodeDecodeError) as error:
        raise FacewireError(f"{file}: cannot be read ({error})") from error


def parse(text: str, where: str) -> dict[str, Any]:
    """Parse YAML text as `read` does; errors say `where` the text is from."""
    try:
        values = yaml.load(text, Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise FacewireError(f"{where}, line {line}: not valid YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise FacewireError(f"{where}: not valid YAML: {error}") from error
    if not isinstance(values, dict | None):
        raise FacewireError(f"{where}: must hold lines like `name: value`, not a {type(values).__name__}")
    return values or {}


def validated(kind: type[Model], values: object, where: str) -> Model:
    """Validate `values` as a model of type `kind`. Raises FacewireError, which lists everything that is wrong."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        lines = "\n".join(f"  {_explained(kind, dict(each))}" for each in error.errors())
        count = error.error_count()
        raise FacewireError(f"{where}: {count} {'error' if count == 1 else 'errors'}\n{lines}") from error


def _explained(kind: type[BaseModel], error: Mapping[str, Any]) -> str:
    """Describe one of pydantic's errors in plain words."""
    *section, key = map(str, error["loc"] or ("all",))
    where = ".".join([*section, key])
    if error["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        known = _keys(kind, section)
        near = difflib.get_close_matches(key, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
        return f"{where}: there is no such setting; {hint}"
    if error["type"] in ("missing", "missing_argument"):
        return f"{where}: is missing"
    if error["type"] == "model_type":
        return f"{where}: must be keys and values, such as {{{_keys(kind, [*section, key])[0]}: …}}"
    return f"{where}: {error['msg'].removeprefix('Value error, ')} (is {_SHORT.repr(error['input'])})"


def _keys(kind: Any, section: Sequence[str]) -> list[str]:
    """The names in a section of a model. Sections are models or dataclasses."""
    for name in section:
        kind = kind.model_fields[name].annotation
    return [f.name for f in dataclasses.fields(kind)] if dataclasses.is_dataclass(kind) else list(kind.model_fields)
