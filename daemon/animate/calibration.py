"""Calibrates the gate: measures how loud the room is while nobody speaks, and sets the threshold above that."""

import numpy as np

from daemon.animate import gate
from daemon.line.metrics import Metrics
from daemon.settings.live import LiveSettings
from model.windows import SAMPLE_RATE_HZ, Samples


class Calibration:
    """Hears all sound; on request it measures three seconds of it and sets `gate_db`."""

    def __init__(self, settings: LiveSettings, metrics: Metrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self._heard: Samples = np.empty(0, np.float32)

    def hear(self, samples: Samples) -> None:
        """Take the next samples (n,)."""
        if self._settings.calibrate.is_set():
            self._settings.calibrate.clear()
            self._heard = np.empty(0, np.float32)
            self._metrics.calibrating = True
        if not self._metrics.calibrating:
            return
        self._heard = np.concatenate([self._heard, samples])
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
