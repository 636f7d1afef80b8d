import numpy as np
import pytest

from daemon.animate import offline
from daemon.commands import verify
from daemon.commands.verify import LIMIT, differences
from model.animation import Animation
from tests.daemon.commands.shell import facewire
from tests.daemon.sounds import sound
from tests.model.posed import posed
from tests.model.tiny import DIAL, tiny_runtime


def test_live_and_offline_are_the_same_face() -> None:
    with posed():
        found = list(differences(tiny_runtime(), sound(20_000), seed=3))
    assert [difference.way for difference in found] == ["random pieces", "live stages"]
    assert all(difference.good for difference in found)


def test_each_hop_of_the_dial_is_verified_by_itself() -> None:
    found = list(differences(tiny_runtime(**DIAL), sound(10_000), seed=3, hop_ms=20))
    assert all(difference.good for difference in found)


def test_a_face_that_depends_on_the_cuts_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = np.zeros((9, 62), np.float32)
    turned = np.zeros((9, 62), np.float32)
    turned[3, 53] = 2 * LIMIT  # the head alone
    monkeypatch.setattr(offline, "perform", lambda *a, **k: Animation(whole[:, :52], whole[:, 52:]))
    monkeypatch.setattr(verify, "_fed", lambda *a: turned)
    monkeypatch.setattr(verify, "_live", lambda *a: whole[:-1])
    changed, shorter = differences(tiny_runtime(), sound(100), seed=0)
    assert not changed.good
    assert changed.largest == pytest.approx(2 * LIMIT)
    assert shorter.largest == float("inf")


def test_verify_tells_the_differences(checkpoint: str, speech: str) -> None:
    result = facewire("verify", speech, "--checkpoint", checkpoint)
    assert result.exit_code == 0, result.output
    assert result.output.count("ok ") == 2
