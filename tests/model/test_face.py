import numpy as np
import torch

from model.face import FaceModel
from protocols import blendshapes
from tests.model.tiny import tiny_model


def test_lips_show_their_share_of_the_motion_and_the_rest_all_of_it() -> None:
    plain = tiny_model()
    model = FaceModel(plain.config.model_copy(update={"lip_amplitude": 0.5}), plain.encoder)
    model.load_state_dict(plain.state_dict())
    told = torch.linspace(-1, 1, 52).expand(2, 3, 52)
    before, after = (each.face(told).numpy() - 0.4 for each in (plain, model))
    lips = list(blendshapes.LIPS_27)
    rest = [index for index in range(52) if index not in lips]
    np.testing.assert_allclose(after[..., lips], before[..., lips] / 2, atol=1e-6)
    np.testing.assert_array_equal(after[..., rest], before[..., rest])
