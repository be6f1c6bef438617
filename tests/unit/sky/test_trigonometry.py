import jax
import jax.numpy as jnp
import numpy as np

from starloom.sky import trigonometry

angle_of, sin_cos = jax.jit(trigonometry.angle_of), jax.jit(trigonometry.sin_cos)


def test_sine_and_cosine_are_those_of_the_angle_to_the_nearest_half_turn():
    x = np.linspace(-30.3, 30.3, 4001)
    sine, cosine = sin_cos(jnp.asarray(x, jnp.float32))
    near = np.float32(x) - np.round(np.float32(x))
    np.testing.assert_allclose(sine, np.sin(np.pi * near), atol=1e-6)
    np.testing.assert_allclose(cosine, np.cos(np.pi * near), atol=1e-6)
    assert np.all(np.asarray(cosine) >= 0)


def test_the_angle_of_a_vector_is_right_in_every_quadrant():
    angle = np.linspace(-0.999, 0.999, 1001)
    length = np.geomspace(1e-8, 1e8, 1001)
    y, x = length * np.sin(np.pi * angle), length * np.cos(np.pi * angle)
    found = angle_of(jnp.asarray(y, jnp.float32), jnp.asarray(x, jnp.float32))
    np.testing.assert_allclose(found, angle, atol=1e-6)
    assert angle_of(jnp.zeros(1), jnp.zeros(1))[0] == 0.0
