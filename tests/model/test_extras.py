import sys

import pytest

from model import extras
from protocols.errors import FacewireError


def test_what_is_missing_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("wave", "cgitb", "numpy"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(FacewireError, match=r"^this needs wave, cgitb and numpy: pip install '\.\[train,video\]'$"):
        extras.need("train,video", "wave", "json", "cgitb", "numpy")
    with pytest.raises(FacewireError, match=r"^this needs no_such_module: pip install '\.\[torch\]'$"):
        extras.need("torch", "no_such_module")


def test_nothing_is_imported_to_find_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    extras.need("torch", "colorsys")
    assert "colorsys" not in sys.modules
