"""The settings while the program runs: read by every stage, changed by the preview page, saved on request."""

import json
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event, Lock
from typing import Any, Final

import yaml

from daemon.settings.config import DEFAULT_FILE, DaemonConfig, merged
from model.checked import Loader, parse, validated
from model.library import Library
from protocols.errors import FacewireError
from protocols.files import complete_or_not_at_all

log = logging.getLogger(__name__)

LIVE_KEYS: Final = (
    "identity",
    "lookahead_ms",
    "hop_ms",
    "liveliness",
    "style",
    "articulation",
    "performance",
    "gains",
    "input_gain_db",
    "gate_db",
    "mute",
    "freeze",
    "record",
)
"""Settings that can be changed while the program runs."""
MOMENTARY_KEYS: Final = ("mute", "freeze", "record")
"""Those of them that are states of the moment, and are never saved."""


class LiveSettings:
    """The settings in use. `now` is replaced as a whole, so any thread may read it at any time."""

    def __init__(self, config: DaemonConfig, file: Path | None = None) -> None:
        """`file` is where the settings were read from and are saved; None for config.yaml in the working folder."""
        self.now = config
        self.version = 0
        """The number of changes so far."""
        self.library: Library | None = None
        """The available identities, replaced as a whole like `now`; None for those of the checkpoint."""
        self.check: Callable[[DaemonConfig], object] = lambda config: None
        """Raises FacewireError for settings that the checkpoint does not support."""
        self.calibrate = Event()
        """Set to request that the gate's level be measured."""
        self.measure = Event()
        """Set to request that the latency be measured again."""
        self.say: Callable[[str], object] = log.info
        """Shows the user a message."""
        self._file = file or DEFAULT_FILE
        self._lock = Lock()

    def change(self, values: Mapping[str, object]) -> None:
        """Apply `values` to the live settings, all or none. Raises FacewireError that lists all that is wrong."""
        strange = [key for key in values if key not in LIVE_KEYS]
        if strange:
            raise FacewireError(f"{', '.join(strange)}: cannot be changed while running; only {', '.join(LIVE_KEYS)}")
        with self._lock:
            now = self.now.model_dump()
            changed = validated(DaemonConfig, merged(now, values), "the change")
            self.check(changed)
            self.now = changed
            self.version += 1

    def live(self) -> dict[str, Any]:
        """The live settings as JSON values."""
        return self.now.model_dump(mode="json", include=set(LIVE_KEYS))

    @property
    def file(self) -> Path:
        """Where `save` writes."""
        return self._file

    def lines(self) -> str:
        """The lines of the file that `save` would write. Raises FacewireError for a file that cannot be read."""
        return "".join(f"{key}: {_value(value)}\n" for key, value in self._changed(self._text()).items())

    def save(self) -> Path:
        """Write the changed settings into the file and leave all else in it as it is. Raises FacewireError."""
        text = self._text()
        changed = self._changed(text)
        saved = _replaced(text, changed)
        if not self._reads_as(saved, merged(self._values(text), changed)):
            lines = "".join(f"\n  {key}: {_value(value)}" for key, value in changed.items())
            raise FacewireError(f"{self._file}: its layout does not allow for changes; edit it by hand:{lines}")
        with complete_or_not_at_all(Path(os.path.realpath(self._file))) as partial:  # a link stays a link
            partial.write_bytes(saved.encode())
        return self._file

    def _text(self) -> str:
        """The text of the file, with its own line ends; empty if there is no file."""
        try:
            return self._file.read_bytes().decode() if self._file.is_file() else ""
        except (OSError, UnicodeDecodeError) as error:
            raise FacewireError(f"{self._file}: cannot be read ({error})") from error

    def _values(self, text: str) -> dict[str, Any]:
        """All settings as JSON values, if the file had this text."""
        return validated(DaemonConfig, parse(text, f"{self._file}"), f"{self._file}").model_dump(mode="json")

    def _changed(self, text: str) -> dict[str, Any]:
        """What differs from the file; of a setting that is a mapping only the keys that do."""
        in_file = self._values(text)
        live = {key: value for key, value in self.live().items() if key not in MOMENTARY_KEYS}
        return {key: _differing(value, in_file[key]) for key, value in live.items() if value != in_file[key]}

    def _reads_as(self, text: str, values: Mapping[str, Any]) -> bool:
        try:
            return self._values(text) == values
        except FacewireError:
            return False


def _differing(value: object, before: object) -> object:
    if isinstance(value, dict) and isinstance(before, dict):
        return {key: each for key, each in value.items() if each != before.get(key)}
    return value


def _value(value: object) -> str:
    """A value as YAML in one line."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name}: {_value(each)}' for name, each in value.items())}}}"
    if isinstance(value, str) and value.isidentifier() and yaml.load(value, Loader) == value:  # not null, yes, off …
        return value
    return json.dumps(value)


def _replaced(text: str, values: Mapping[str, Any]) -> str:
    """The file's text with these settings changed, each in its place, or added at the end."""
    root = yaml.compose(text, Loader)
    newline = "\r\n" if "\r\n" in text else "\n"
    edits, missing = _edits(text, root, values, newline) if isinstance(root, yaml.MappingNode) else ([], dict(values))
    added = "".join(f"{key}: {_value(value)}{newline}" for key, value in missing.items())
    if added and text and not text.endswith("\n"):
        added = newline + added
    text += added
    for begin, end, new in sorted(edits, reverse=True):
        text = f"{text[:begin]}{new}{text[end:]}"
    return text


def _edits(
    text: str, node: yaml.MappingNode, values: Mapping[str, Any], newline: str
) -> tuple[list[tuple[int, int, str]], dict[str, Any]]:
    """What turns the values of a mapping in the text into these, as (begin, end, new text); and those it lacks.

    A mapping inside it is changed key by key, and given the keys that it lacks.
    """
    edits, missing = [], dict(values)
    for name, inside in node.value:
        if not isinstance(name, yaml.ScalarNode) or name.value not in missing:
            continue
        key, value = name.value, missing.pop(name.value)
        if isinstance(value, dict) and isinstance(inside, yaml.MappingNode) and inside.value:
            more, lacking = _edits(text, inside, value, newline)
            between = ", " if inside.flow_style else newline + " " * inside.value[0][0].start_mark.column
            new = "".join(f"{between}{each}: {_value(lacking[each])}" for each in lacking)
            end = _end(inside.value[-1][1])
            end = end if inside.flow_style else end + len(text[end:].partition("\n")[0].rstrip("\r"))
            edits += [*more, (end, end, new)] if new else more
        else:
            edits.append((name.start_mark.index, _end(inside), f"{key}: {_value(value)}"))
    return edits, missing


def _end(node: yaml.Node) -> int:
    """Index of the end of a value; the end mark of a block lies behind the comments that follow it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last)
    return int(node.end_mark.index)
