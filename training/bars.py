"""The progress bar of every command: how much is done, how fast, and how long the rest will take."""

from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text


class _Rate(ProgressColumn):
    """Steps per second, or seconds per step if they are slow."""

    def render(self, task: Task) -> Text:
        rate = task.finished_speed or task.speed or 0.0
        return Text("" if rate <= 0 else f"{rate:.1f}/s" if rate >= 1 else f"{1 / rate:.1f} s each")


def progress(*, shown: bool = True) -> Progress:
    """A progress bar for the terminal, with rate and remaining time."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(elapsed_when_finished=True),
        disable=not shown,
    )
