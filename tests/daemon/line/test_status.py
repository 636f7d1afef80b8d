import json
from collections import Counter

import pytest

from daemon.line import status, timing
from daemon.line.metrics import Delay, Metrics
from daemon.line.status import Receiver
from daemon.settings.config import DaemonConfig
from daemon.settings.live import LiveSettings
from model.windows import WindowSpec

START = timing.begin(300, 3.0, WindowSpec(740, 100, 160), 20, 30)


def test_the_line_tells_level_speed_cost_and_losses() -> None:
    metrics = Metrics(level_db=-30, held=2, late=1, skipped=Counter({0: 1, 2: 2}))
    metrics.hop_ms.extend([7.0, 8.0, 90.0])
    assert status.line(metrics, 29.6, dropped=4) == (
        "[#######       ]  -30 dB  30 frames/s  compute 8 ms  held 2  late 1  dropped 7"
    )


@pytest.mark.parametrize(("level_db", "marks"), [(-100.0, 0), (0.0, 14), (6.0, 14)])
def test_the_meter_stays_in_its_frame(level_db: float, marks: int) -> None:
    assert status.line(Metrics(level_db=level_db), 0, 0).count("#") == marks


@pytest.mark.parametrize("level_db", [float("nan"), float("inf"), float("-inf")])
def test_a_level_that_is_no_number_ends_nothing(level_db: float) -> None:
    """As with a file that holds NaN, or sound of 1e30."""
    metrics = Metrics(level_db=level_db)
    assert status.line(metrics, 30.0, 0).startswith("[              ] -100 dB")
    told = status.report(metrics, LiveSettings(DaemonConfig()), START, [], 0.0, {}, None)
    assert json.loads(json.dumps(told, allow_nan=False))["level_db"] == -100


def test_speed_counts_frames_since_the_last_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [0.0]
    monkeypatch.setattr(status.time, "monotonic", lambda: now_s[0])
    speed = status.Speed()
    now_s[0] = 0.5
    assert speed.measure(sent=15) == pytest.approx(30)


def test_the_report_tells_everything_in_values_that_json_knows() -> None:
    metrics = Metrics(level_db=-33.33, gate=0.5, held=1, match={"anna": 0.5}, speaking="anna")
    metrics.sent[0], metrics.skipped[0] = 30, 2
    metrics.delays.append(Delay(100.0, 8.25, 40.0))
    receivers = [Receiver("unreal", 29.97, 25)]
    dropped = {"sound": 2, "motion": 0}
    report = status.report(metrics, LiveSettings(DaemonConfig()), START, receivers, 3.0, dropped, 3.7)
    assert json.loads(json.dumps(report)) == {
        "level_db": -33.3,
        "gate": 0.5,
        "gate_db": -60,
        "calibrating": False,
        "latency": {
            "stated_ms": {
                "device": 3,
                "chunk": 10,
                "hop": 100,
                "lookahead": 160,
                "tail": 5,
                "compute": 20,
                "spare": 2,
                "total": 300,
            },
            "settled": True,
            "measuring": False,
            "set": True,
            "measured_ms": [[3, 100, 8.25, 40]],
        },
        "sinks": [{"name": "unreal", "fps": 30, "later_ms": 25, "sent": 30, "skipped": 2}],
        "held": 1,
        "late": 0,
        "dropped": {"sound": 2, "motion": 0},
        "match": {"anna": 0.5},
        "identity": None,
        "speaking": "anna",
        "recording": {"seconds": 3.7},
    }
    assert not metrics.delays  # each delay is told once
