"""The losses of a run, step by step: losses.csv for programs, TensorBoard's event files for people."""

import csv
import logging
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from protocols.files import complete_or_not_at_all
from training.fit import ranks

CSV: Final = "losses.csv"
EVENTS: Final = "events.out.tfevents.*"

log = logging.getLogger(__name__)


class LossLog:
    """Writes the losses of the steps from `begin` on; rows of later steps, left by a killed run, are removed.

    With several processes, the first one writes. Event files need the package tensorboardX. They are flushed now and
    then, so a kill loses some of them; a continued run rewrites them from losses.csv.
    """

    def __init__(self, folder: Path, begin: int) -> None:
        self._path = folder / CSV
        self._events: Any = None
        if ranks.rank() > 0:
            return
        kept = _take_back(self._path, begin)
        try:
            from tensorboardX import SummaryWriter
        except ImportError:
            log.info("no TensorBoard files: the package tensorboardX is not installed")
            return
        for path in folder.glob(EVENTS):
            path.unlink()
        self._events = SummaryWriter(str(folder))
        for row in kept:
            self._show(int(row.pop("step")), {name: float(value) for name, value in row.items()})

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Append a row: the step, then each value in its own column."""
        if ranks.rank() > 0:
            return
        with self._path.open("a", newline="", encoding="utf-8") as file:
            rows = csv.writer(file, lineterminator="\n")
            if not file.tell():
                rows.writerow(["step", *values])
            rows.writerow([step, *(f"{value:.9g}" for value in values.values())])  # all digits of a float32
        self._show(step, values)

    def _show(self, step: int, values: Mapping[str, float]) -> None:
        if self._events:
            for name, value in values.items():
                self._events.add_scalar(name, value, step)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._events:
            self._events.close()


def columns(path: Path) -> dict[str, list[float]]:
    """The values of a file such as losses.csv, by the names in its header."""
    with path.open(newline="", encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    return {name: [float(row[index]) for row in rows] for index, name in enumerate(head)}


def _take_back(path: Path, begin: int) -> list[dict[str, str]]:
    """Keep the rows of the first `begin` steps and return them. A kill may have cut off the last row."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)[: begin + 1 if begin else 0]
    with complete_or_not_at_all(path) as partial:
        partial.write_text("".join(lines), encoding="utf-8")
    return list(csv.DictReader(lines))
