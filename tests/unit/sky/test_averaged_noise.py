import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from starloom.sky import averaged_noise

gamma_mean = jax.jit(averaged_noise.gamma_mean)


@pytest.mark.parametrize("shape", [1.0, 1.4, 3.0, 25.0, 400.0])
def test_quantiles_are_those_of_the_gamma_distribution(shape):
    normal = np.linspace(-4.0, 4.5, 200)
    found = gamma_mean(jnp.asarray(normal, jnp.float32), jnp.full(200, shape, jnp.float32))
    exact = stats.gamma(shape).ppf(stats.norm.cdf(normal)) / shape
    np.testing.assert_allclose(found, exact, rtol=5e-3, atol=1e-5)


def test_the_mean_is_one_and_the_variance_one_over_the_shape():
    normal = jnp.asarray(stats.norm.ppf((np.arange(20000) + 0.5) / 20000), jnp.float32)
    for shape in (1.0, 7.0):
        drawn = np.asarray(gamma_mean(normal, jnp.full(20000, shape, jnp.float32)))
        assert drawn.mean() == pytest.approx(1.0, abs=2e-3)
        assert drawn.var() * shape == pytest.approx(1.0, abs=0.01)
        assert drawn.min() > 0
