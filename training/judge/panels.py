"""A figure of panels, made without a screen and written as a file."""

from pathlib import Path
from typing import Any

import matplotlib

from protocols.files import complete_or_not_at_all


def grid(rows: int, columns: int, size: tuple[float, float], **options: Any) -> tuple[Any, Any]:
    """A figure of a size in inches, and its axes (rows, columns); `options` are those of `pyplot.subplots`."""
    matplotlib.use("Agg")
    from matplotlib import pyplot

    return pyplot.subplots(rows, columns, figsize=size, squeeze=False, **options)


def save(figure: Any, path: Path, title: str) -> None:
    """Write a figure under its title, and forget it."""
    from matplotlib import pyplot

    figure.suptitle(title, fontsize=10)
    figure.tight_layout()
    with complete_or_not_at_all(path) as partial:
        figure.savefig(partial, dpi=100)
    pyplot.close(figure)
