"""The meter: how loud the sound is that the gate hears. It also calibrates the gate.

To calibrate is to measure how loud the room is while nobody speaks, and to set the threshold above that.
"""

import numpy as np

from daemon.animate import gate
from daemon.line.metrics import Metrics
from daemon.settings.live import LiveSettings
from model.level import Leveller, own_gain
from model.windows import SAMPLE_RATE_HZ, Samples


class Meter:
    """Hears all sound, also while it is muted, without DC and rumble; on request it measures three seconds of it."""

    def __init__(self, settings: LiveSettings, metrics: Metrics, highpass_hz: float) -> None:
        self._settings = settings
        self._metrics = metrics
        self._leveller = Leveller(highpass_hz)
        self._heard: Samples = np.empty(0, np.float32)

    def hear(self, samples: Samples) -> None:
        """Take the next samples (n,): show their level, and go on measuring."""
        self._leveller, blocks, levels_db = self._leveller.push(samples)
        cleaned = (blocks * own_gain(levels_db)[:, None]).reshape(-1)
        if len(cleaned):
            self._metrics.level_db = gate.level_db(cleaned)
        self._calibrate(cleaned)

    def interrupted(self) -> None:
        """Sound was lost before the next samples."""
        self._leveller = self._leveller.interrupted()

    def _calibrate(self, cleaned: Samples) -> None:
        """Measure if asked to, and set `gate_db` at the end."""
        if self._settings.calibrate.is_set():
            self._settings.calibrate.clear()
            self._heard = np.empty(0, np.float32)
            self._metrics.calibrating = True
        if not self._metrics.calibrating:
            return
        self._heard = np.concatenate([self._heard, cleaned])
        if len(self._heard) >= gate.MEASURE_S * SAMPLE_RATE_HZ:
            self._metrics.calibrating = False
            self._decide()

    def _decide(self) -> None:
        threshold_db = gate.threshold_above(gate.block_levels_db(self._heard))
        if threshold_db is None:
            self._settings.say(
                f"that was not silence (louder than {gate.LOUDEST_NOISE_DB:g} dB), so the gate is unchanged; "
                "calibrate again and be silent for three seconds, or lower the input gain"
            )
            return
        self._settings.change({"gate_db": threshold_db})
        self._settings.say(f"the gate now opens at {threshold_db:g} dB")
