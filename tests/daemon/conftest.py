import signal
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache of the tests' own, in processes that they start, too: the user's is left alone.

    The folder of claimed receivers, too: tests that run at the same time refuse each other nothing.
    """
    folder, runtime = tmp_path_factory.mktemp("cache"), tmp_path_factory.mktemp("runtime")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        patch.setenv("XDG_RUNTIME_DIR", str(runtime))
        yield folder / "facewire"


@pytest.fixture(autouse=True, scope="session")
def _hang_up() -> None:
    """Under nohup a closed terminal is ignored, also by the programs that tests start."""
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
