import numpy as np
import torch
from diffusers import DDIMScheduler

from model import schedule
from model.sampler import ddim


def test_alpha_bar_of_the_eight_step_student() -> None:
    eight = schedule.linear(32, 8)
    assert eight.steps == (4, 8, 12, 16, 20, 24, 28, 32)
    wanted = [0.873, 0.538, 0.227, 0.063, 0.0109, 1.1e-3, 6.2e-5, 1.6e-6]
    np.testing.assert_allclose(eight.alpha_bar[list(eight.steps)], wanted, rtol=0.05)


def test_schedule_and_ddim_agree_with_diffusers() -> None:
    ours = schedule.linear(32, 8)
    theirs = DDIMScheduler(
        num_train_timesteps=32,
        beta_start=1e-4 * 1000 / 32,
        beta_end=0.02 * 1000 / 32,
        beta_schedule="linear",
        prediction_type="sample",
        clip_sample=False,
        set_alpha_to_one=True,
        timestep_spacing="trailing",
    )
    np.testing.assert_allclose(ours.alpha_bar[1:], theirs.alphas_cumprod.double(), rtol=2e-4)
    theirs.set_timesteps(8)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, 5, 52, generator=generator)
    for t, s in zip(reversed(ours.steps), (28, 24, 20, 16, 12, 8, 4, 0), strict=True):
        x0 = torch.randn(2, 5, 52, generator=generator)
        wanted = theirs.step(x0, t - 1, x, eta=0.0).prev_sample
        torch.testing.assert_close(ddim(ours, x, x0, t, s), wanted, rtol=1e-3, atol=1e-4)
        x = wanted
