"""Learning rates against the definition of the schedule."""

import math

import numpy as np
import pytest

from starloom.training.schedules import cosine_restarts


def test_rates_fall_as_a_cosine_and_start_again():
    rates = cosine_restarts(1001, learning_rate=1e-4, final_learning_rate=1e-10, restart_epochs=500)
    assert rates[0] == rates[500] == rates[1000] == 1e-4
    assert rates[250] == pytest.approx((1e-4 + 1e-10) / 2, rel=1e-12)
    last = 1e-10 + (1e-4 - 1e-10) * (1 + math.cos(math.pi * 499 / 500)) / 2
    assert rates[499] == pytest.approx(last, rel=1e-12)
    np.testing.assert_array_equal(rates[:500], rates[500:1000])


def test_rates_equal_those_of_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch is only in the extra `bench`")
    optimiser = torch.optim.AdamW([torch.zeros(1, requires_grad=True)], lr=1e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimiser, 7, eta_min=1e-10)
    expected = []
    for _ in range(20):
        expected.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        schedule.step()
    found = cosine_restarts(20, learning_rate=1e-3, final_learning_rate=1e-10, restart_epochs=7)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
