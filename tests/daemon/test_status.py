import pytest

from daemon import status
from daemon.metrics import Metrics


def test_the_line_tells_level_speed_cost_and_losses() -> None:
    metrics = Metrics(level_db=-30, held=2, late=1, skipped=3)
    metrics.hop_ms.extend([7.0, 8.0, 90.0])
    assert status.line(metrics, 29.6, dropped=4) == (
        "[#######       ]  -30 dB  30 frames/s  compute 8 ms  held 2  late 1  dropped 7"
    )


@pytest.mark.parametrize(("level_db", "marks"), [(-100.0, 0), (0.0, 14), (6.0, 14)])
def test_the_meter_stays_in_its_frame(level_db: float, marks: int) -> None:
    assert status.line(Metrics(level_db=level_db), 0, 0).count("#") == marks


def test_speed_counts_frames_per_receiver(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [0.0]
    monkeypatch.setattr(status.time, "monotonic", lambda: now_s[0])
    speed = status.Speed(receivers=2)
    now_s[0] = 0.5
    assert speed.measure(packets=30) == pytest.approx(30)
