"""The settings in force while the program runs: read by every stage, changed by the preview page, saved on request."""

import json
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event, Lock
from typing import Any, Final

import yaml

from daemon.settings.config import DEFAULT_FILE, DaemonConfig, load
from model.checked import validated
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
        """The lines of config.yaml that the settings in force would change."""
        return "".join(_line(key, value) for key, value in self._changed().items())

    def save(self) -> Path:
        """Write what has changed into the file, all else in it as it was. Raises FacewireError if that fails."""
        text = self._file.read_text("utf-8") if self._file.is_file() else ""
        for key, value in self._changed().items():
            text = _replaced(text, key, _line(key, value))
        with complete_or_not_at_all(self._file) as partial:
            partial.write_text(text, "utf-8")
            load(partial)
        return self._file

    def _changed(self) -> dict[str, Any]:
        saved = (load(self._file) if self._file.is_file() else DaemonConfig()).model_dump(mode="json")
        return {key: value for key, value in self.live().items() if value != saved[key]}


def _line(key: str, value: object) -> str:
    """`key: value` in one line; JSON is YAML."""
    if isinstance(value, dict):
        return f"{key}: {{{', '.join(f'{name}: {json.dumps(each)}' for name, each in value.items())}}}\n"
    return f"{key}: {json.dumps(value)}\n"


def _replaced(text: str, key: str, line: str) -> str:
    """The file's text with the setting `key` written as `line`: in its place, or at the end."""
    root = yaml.compose(text, yaml.SafeLoader)
    for name, value in root.value if isinstance(root, yaml.MappingNode) else ():
        if name.value == key:
            return text[: name.start_mark.index] + line.rstrip("\n") + text[_end(value) :]
    return text + ("" if not text or text.endswith("\n") else "\n") + line


def _end(node: yaml.Node) -> int:
    """Index after a value; a block's own end mark lies behind the comments that follow it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last)
    return int(node.end_mark.index)
