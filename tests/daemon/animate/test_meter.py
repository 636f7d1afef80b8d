from itertools import pairwise

import numpy as np
import pytest

from daemon.animate.gate import levels_db
from daemon.animate.meter import Meter
from daemon.line.metrics import Metrics
from daemon.settings.config import DaemonConfig
from daemon.settings.live import LiveSettings
from model.windower import windows_of
from model.windows import OFFSET_HZ, RUMBLE_HZ, Samples, WindowSpec

SECOND = 16_000
NOISE = np.random.default_rng(0).normal(0, 1, 5 * SECOND).astype(np.float32)


def heard(sound: Samples, highpass_hz: float = OFFSET_HZ) -> tuple[LiveSettings, Metrics, list[str]]:
    """Five seconds of sound in chunks; the second of them asks for a calibration."""
    settings, metrics, said = LiveSettings(DaemonConfig()), Metrics(), []
    settings.say = said.append
    meter, measured = Meter(settings, metrics, highpass_hz), []
    for begin, end in pairwise([0, SECOND, *range(SECOND + 160, 5 * SECOND + 1, 160)]):
        if begin == SECOND:
            settings.calibrate.set()
        meter.hear(sound[begin:end])
        if metrics.calibrating:
            measured.append(end)
            assert settings.now.gate_db == -60
    assert len(measured) == pytest.approx(300, abs=2)
    return settings, metrics, said


def test_three_seconds_of_silence_set_the_gate() -> None:
    settings, metrics, said = heard(NOISE * np.float32(10 ** (-50 / 20)))
    assert settings.now.gate_db is not None
    assert -43 < settings.now.gate_db < -38
    assert said == [f"the gate now opens at {settings.now.gate_db:g} dB"]
    assert metrics.level_db == pytest.approx(-50, abs=1)


@pytest.mark.parametrize(
    ("highpass_hz", "rumble"),
    [
        (OFFSET_HZ, np.full(len(NOISE), 0.02)),
        (RUMBLE_HZ, 0.02 * np.sin(np.arange(len(NOISE)) * 2 * np.pi * 8 / SECOND)),
    ],
    ids=["offset", "rumble"],
)
def test_the_gate_is_set_by_what_the_gate_hears(highpass_hz: float, rumble: np.ndarray) -> None:
    """An offset of .02 is -34 dB: louder than the room, but no part of any level that the gate compares."""
    sound = (NOISE * 10 ** (-72 / 20) + rumble).astype(np.float32)
    settings, metrics, _ = heard(sound, highpass_hz)
    spec = WindowSpec(740, 100, 160, highpass_hz)
    gate_hears_db = np.concatenate([levels_db(spec, window, 30) for window in windows_of(spec, sound)[20:40]])
    assert metrics.level_db == pytest.approx(-72, abs=1)
    assert settings.now.gate_db is not None
    assert gate_hears_db.max() < settings.now.gate_db < gate_hears_db.max() + 10


def test_who_speaks_meanwhile_is_told_to_do_it_again() -> None:
    settings, _, said = heard(NOISE * np.float32(0.1))
    assert settings.now.gate_db == -60
    assert "be silent" in said[0]


def test_lost_sound_makes_no_noise() -> None:
    """Filtered across the gap, the jump would count."""
    meter = Meter(LiveSettings(DaemonConfig()), metrics := Metrics(), RUMBLE_HZ)
    slow = 0.5 * np.sin(np.arange(SECOND) * 2 * np.pi * 2 / SECOND).astype(np.float32)
    meter.hear(np.zeros(SECOND, np.float32))
    meter.hear(slow[:2000])
    meter.interrupted()
    meter.hear(np.zeros(320, np.float32))
    assert metrics.level_db == -100
