"""The settings in force while the program runs: read by every stage, changed by the preview page, saved on request."""

import json
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event, Lock
from typing import Any, Final

import yaml

from daemon.settings.config import DEFAULT_FILE, DaemonConfig
from model.checked import Loader, parse, validated
from model.library import Library
from protocols.errors import FacewireError
from protocols.files import complete_or_not_at_all

log = logging.getLogger(__name__)

LIVE_KEYS: Final = (
    "identity",
    "lookahead_ms",
    "liveliness",
    "style",
    "gains",
    "input_gain_db",
    "gate_db",
    "mute",
    "freeze",
    "record",
)
"""What may be changed while the program runs."""
MOMENTARY_KEYS: Final = ("mute", "freeze", "record")
"""Of these: what holds for the moment only, and is never saved."""


class LiveSettings:
    """The settings now. `now` is replaced as a whole: any thread may read it at any time."""

    def __init__(self, config: DaemonConfig, file: Path | None = None) -> None:
        """`file` is where the settings came from and go to; None: config.yaml in the working folder."""
        self.now = config
        self.version = 0
        """Counts the changes."""
        self.library: Library | None = None
        """The identities that there are, replaced as a whole like `now`; None: those of the checkpoint."""
        self.check: Callable[[DaemonConfig], object] = lambda config: None
        """Raises FacewireError for settings that this checkpoint cannot fulfil."""
        self.calibrate = Event()
        """Set to have the gate's level measured."""
        self.measure = Event()
        """Set to have the latency measured again."""
        self.say: Callable[[str], object] = log.info
        """Tells the user at the screen what came of a change."""
        self._file = file or DEFAULT_FILE
        self._lock = Lock()

    def change(self, values: Mapping[str, object]) -> None:
        """Put `values` over the live settings. Raises FacewireError with all that is wrong; nothing changes then."""
        strange = [key for key in values if key not in LIVE_KEYS]
        if strange:
            raise FacewireError(f"{', '.join(strange)}: cannot be changed while running; only {', '.join(LIVE_KEYS)}")
        with self._lock:
            now = self.now.model_dump()
            gains = values.get("gains")
            merged = {"gains": now["gains"] | dict(gains)} if isinstance(gains, Mapping) else {}
            changed = validated(DaemonConfig, now | dict(values) | merged, "the change")
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
        """Write what has changed into the file, all else in it as it was. Raises FacewireError if that fails."""
        text = self._text()
        changed = self._changed(text)
        saved = _replaced(text, {key: _value(value) for key, value in changed.items()})
        if not self._reads_as(saved, self._values(text) | changed):
            lines = "".join(f"\n  {key}: {_value(value)}" for key, value in changed.items())
            raise FacewireError(f"{self._file}: not written, for it would not read as it should; add by hand:{lines}")
        with complete_or_not_at_all(Path(os.path.realpath(self._file))) as partial:  # a link stays a link
            partial.write_bytes(saved.encode())
        return self._file

    def _text(self) -> str:
        """What the file holds, with its own line ends; nothing where there is none."""
        try:
            return self._file.read_bytes().decode() if self._file.is_file() else ""
        except (OSError, UnicodeDecodeError) as error:
            raise FacewireError(f"{self._file}: cannot be read ({error})") from error

    def _values(self, text: str) -> dict[str, Any]:
        """All settings, as JSON values, that this text in the file would give."""
        return validated(DaemonConfig, parse(text, f"{self._file}"), f"{self._file}").model_dump(mode="json")

    def _changed(self, text: str) -> dict[str, Any]:
        in_file = self._values(text)
        return {k: value for k, value in self.live().items() if k not in MOMENTARY_KEYS and value != in_file[k]}

    def _reads_as(self, text: str, values: Mapping[str, Any]) -> bool:
        try:
            return self._values(text) == values
        except FacewireError:
            return False


def _value(value: object) -> str:
    """A value in one line of YAML."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name}: {json.dumps(each)}' for name, each in value.items())}}}"
    return json.dumps(value)


def _replaced(text: str, values: Mapping[str, str]) -> str:
    """The file's text with these values of settings: each in its place, or at the end."""
    root = yaml.compose(text, Loader)
    places = {
        name.value: (name.start_mark.index, _end(node))
        for name, node in (root.value if isinstance(root, yaml.MappingNode) else ())
        if isinstance(name, yaml.ScalarNode) and name.value in values
    }
    newline = "\r\n" if "\r\n" in text else "\n"
    added = "".join(f"{key}: {value}{newline}" for key, value in values.items() if key not in places)
    if added and text and not text.endswith("\n"):
        added = newline + added
    text += added
    for key, (begin, end) in sorted(places.items(), key=lambda place: place[1], reverse=True):
        text = f"{text[:begin]}{key}: {values[key]}{text[end:]}"
    return text


def _end(node: yaml.Node) -> int:
    """Index after a value; a block's own end mark lies behind the comments that follow it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last)
    return int(node.end_mark.index)
