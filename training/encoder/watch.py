"""What a linear map reads of a mouth from an encoder during its training: probe.csv, step by step."""

import csv
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Final, get_args

import torch
from rich.progress import Progress

from model.windows import Samples, WindowSpec
from protocols.files import complete_or_not_at_all
from training.datasets.dataset import Dataset
from training.datasets.splits import Split
from training.encoder.probe import ridge_probe
from training.encoder.student import Student
from training.fit.logs import columns

CSV: Final = "probe.csv"
EVERY: Final = 1000
"""Steps between two probes: one takes as long as some hundred steps."""


class Probe:
    """The ridge probe on datasets with faces, every so many steps; its rows are kept in a run's folder."""

    def __init__(self, data: Sequence[Dataset], folder: Path, spec: WindowSpec, *, every: int = EVERY) -> None:
        """Raises FacewireError for a dataset that lacks recordings in one of the splits, before hours are spent."""
        for dataset, split in product(data, get_args(Split)):
            dataset.clips(split)
        self._data = data
        self._path = folder / CSV
        self._spec = spec
        self._every = every

    def begin(self, step: int) -> None:
        """Remove the rows that a later state of this run, or another run in the same folder, left behind."""
        if self._path.exists():
            self._write({at: r for at, r in self.found().items() if at <= step})

    def at(self, step: int, student: Student, bar: Progress, *, last: bool = False) -> None:
        """Probe the student if it is due at `step` or at the run's end, unless it was done before a kill."""
        due = last or (step > 0 and step % self._every == 0)
        if not due or step in self.found():
            return

        def encode(windows: Samples) -> Samples:
            with torch.inference_mode():
                hidden: Samples = student.hubert(torch.from_numpy(windows)).last_hidden_state.numpy()
            return hidden

        task = bar.add_task(f"probe at step {step}", total=1)
        found = self.found() | {step: ridge_probe(encode, self._data, spec=self._spec).mean}
        self._write(found)
        bar.update(task, advance=1, description=f"probe at step {step}: mean r {found[step]:.3f}")

    def found(self) -> dict[int, float]:
        """The mean correlation by step, so far."""
        if not self._path.exists():
            return {}
        rows = columns(self._path)
        return {int(step): r for step, r in zip(rows["step"], rows["mean_r"], strict=True)}

    def _write(self, found: dict[int, float]) -> None:
        with complete_or_not_at_all(self._path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(["step", "mean_r"])
            rows.writerows((at, f"{r:.5f}") for at, r in sorted(found.items()))
