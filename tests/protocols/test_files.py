from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from protocols.errors import FacewireError
from protocols.files import complete_or_not_at_all


def test_what_is_written_takes_its_place_in_the_end_only(tmp_path: Path) -> None:
    path = tmp_path / "take.csv"
    path.write_text("old", encoding="utf-8")
    with complete_or_not_at_all(path) as partial:
        partial.write_text("new", encoding="utf-8")
        assert path.read_text(encoding="utf-8") == "old"
        assert partial.suffix == ".csv"
        assert partial.name.startswith(".")
    assert path.read_text(encoding="utf-8") == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_whoever_may_read_new_files_may_read_it(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    path = tmp_path / "face.safetensors"
    with complete_or_not_at_all(path) as partial:
        save_file({"x": np.zeros(1)}, partial)
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_an_error_leaves_what_was_there_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "take.csv"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(UnicodeEncodeError), complete_or_not_at_all(path) as partial:
        partial.write_text("half \ud800", encoding="utf-8")
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_the_system_refuses_is_told(tmp_path: Path) -> None:
    with (
        pytest.raises(FacewireError, match=r"take\.csv: cannot be written: No such file"),
        complete_or_not_at_all(tmp_path / "none" / "take.csv") as partial,
    ):
        partial.write_text("new", encoding="utf-8")
