"""The files in a run's folder. Needs no torch."""

from pathlib import Path
from typing import Final

from protocols.errors import FacewireError

START: Final = "start.safetensors"
"""The model as the run began, what it is trained on, and how."""
STATE: Final = "state.safetensors"
"""The weights, their moving average and the optimiser after some step."""


def require_run(folder: Path) -> None:
    """Raises FacewireError for a folder that holds no run with a saved state."""
    if not (folder / START).exists() or not (folder / STATE).exists():
        raise FacewireError(f"{folder}: no run with a saved state ({START}, {STATE}); it may not have saved one yet")
