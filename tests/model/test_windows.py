import pytest

from model.windows import WindowSpec
from protocols.errors import FacewireError


def test_default_geometry_is_fifty_hubert_frames() -> None:
    spec = WindowSpec()
    assert (spec.features, spec.samples, spec.hop_samples) == (50, 16_080, 1_600)
    assert spec.latency_samples == (100 + 160 + 5) * 16
    assert (spec.frames_per_hop(30), spec.frames_per_hop(60)) == (3, 6)


@pytest.mark.parametrize("lengths", [(15, 100, 160), (740, 0, 160), (740, 100, -20), (0, 100, 160)])
def test_lengths_that_hubert_cannot_have_are_refused(lengths: tuple[int, int, int]) -> None:
    with pytest.raises(FacewireError, match=r"_ms"):
        WindowSpec(*lengths)


def test_a_rate_that_does_not_divide_the_hop_is_refused() -> None:
    with pytest.raises(FacewireError, match="25 fps"):
        WindowSpec(hop_ms=20).frames_per_hop(25)
