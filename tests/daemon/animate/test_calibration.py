import numpy as np

from daemon.animate.calibration import Calibration
from daemon.line.metrics import Metrics
from daemon.settings.config import DaemonConfig
from daemon.settings.live import LiveSettings

NOISE = np.random.default_rng(0).normal(0, 1, 16_000).astype(np.float32)


def heard(loudness: float) -> tuple[LiveSettings, Metrics, list[str]]:
    settings, metrics, said = LiveSettings(DaemonConfig()), Metrics(), []
    settings.say = said.append
    calibration = Calibration(settings, metrics)
    calibration.hear(NOISE)  # nobody asked yet
    settings.calibrate.set()
    for _ in range(2):
        calibration.hear(NOISE * np.float32(loudness))
        assert metrics.calibrating
        assert settings.now.gate_db == -60
    calibration.hear(NOISE * np.float32(loudness))
    assert not metrics.calibrating
    return settings, metrics, said


def test_three_seconds_of_silence_set_the_gate() -> None:
    settings, _, said = heard(10 ** (-50 / 20))
    assert settings.now.gate_db is not None
    assert -43 < settings.now.gate_db < -38
    assert said == [f"the gate now opens at {settings.now.gate_db:g} dB"]


def test_who_speaks_meanwhile_is_told_to_do_it_again() -> None:
    settings, _, said = heard(0.1)
    assert settings.now.gate_db == -60
    assert "be silent" in said[0]
