"""The losses of a run, step by step: losses.csv for everything, TensorBoard's event files for looking at."""

import csv
import logging
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from training import ranks

CSV: Final = "losses.csv"

log = logging.getLogger(__name__)


class LossLog:
    """Writes the losses of the steps from `begin` on; those of later steps, from before a kill, are taken back.

    Of several processes the first one writes. Event files need the package tensorboardX.
    """

    def __init__(self, folder: Path, begin: int) -> None:
        self._path = folder / CSV
        self._events: Any = None
        if ranks.rank() > 0:
            return
        _take_back(self._path, begin)
        try:
            from tensorboardX import SummaryWriter
        except ImportError:
            log.info("no TensorBoard files: the package tensorboardX is not installed")
            return
        self._events = SummaryWriter(str(folder), purge_step=begin)

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Append a row: the step, and each value in its own column."""
        if ranks.rank() > 0:
            return
        new = not (self._path.exists() and self._path.stat().st_size)
        with self._path.open("a", newline="") as file:
            rows = csv.writer(file)
            if new:
                rows.writerow(["step", *values])
            rows.writerow([step, *(f"{value:.9g}" for value in values.values())])  # all digits of a float32
        if self._events:
            for name, value in values.items():
                self._events.add_scalar(name, value, step)

    def flush(self) -> None:
        """Have on disk what was written."""
        if self._events:
            self._events.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._events:
            self._events.close()


def _take_back(path: Path, begin: int) -> None:
    """Leave the rows of the first `begin` steps, which are in order; a kill may have cut the last one."""
    if not path.exists():
        return
    lines = path.read_text().splitlines(keepends=True)
    part = path.with_suffix(".part")
    part.write_text("".join(lines[: begin + 1] if begin else []))
    part.replace(path)
