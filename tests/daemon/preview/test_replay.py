import asyncio
import json
import re
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import aiohttp
import numpy as np
import pytest

from daemon.preview.replay import replay
from protocols import takes
from protocols.errors import FacewireError
from protocols.takes import Take

TAKE = Take(np.zeros((40, 52), np.float32), Fraction(30))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "takes"
    folder.mkdir()
    for name in ("a.json", "c.npz"):
        takes.write(folder / name, TAKE)
    return folder


def test_replay_serves_until_it_is_stopped(folder: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from daemon.preview.replay import replay\n"
        "replay([Path(p) for p in sys.argv[1:3]], port=0, folder=Path(sys.argv[3]))"
    )
    takes.write(tmp_path / "first take.npz", TAKE)
    paths = [str(tmp_path / "first take.npz"), str(folder / "c.npz"), str(folder)]
    with subprocess.Popen(
        [sys.executable, "-u", "-c", code, *paths], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]
    ) as process:
        assert process.stdout is not None
        shown = re.fullmatch(r"replay    (\S+)\n", process.stdout.readline())
        assert shown is not None
        assert process.stdout.readline() == "READY     Ctrl-C stops\n"
        url = urlsplit(shown[1])
        assert parse_qs(url.query) == {"replay": ["first take.npz"], "beside": ["c.npz"]}
        with urlopen(f"http://{url.netloc}/takes") as answer:
            assert json.load(answer)["takes"] == ["first take.npz", "c.npz", "a.json"]
        phase = asyncio.run(_phase(f"http://{url.netloc}/ws"))
        process.send_signal(signal.SIGINT)
        assert process.wait() == 0
    assert phase == "replay"


async def _phase(url: str) -> str:
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as page:
        phase: str = json.loads((await page.receive()).data)["phase"]
        return phase


def test_replay_refuses_what_it_cannot_show(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("nonsense", encoding="utf-8")
    with pytest.raises(FacewireError, match=r"x\.csv"):
        replay([tmp_path / "x.csv"])
    with pytest.raises(FacewireError, match=r"none\.csv"):
        replay([tmp_path / "none.csv"])
    with pytest.raises(FacewireError, match=r"none\.wav: no such sound file"):
        replay([folder / "c.npz"], sound=tmp_path / "none.wav")
