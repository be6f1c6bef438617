"""
Trigonometric functions of whole arrays, a few times faster than the compiler's own on a CPU.

Power spectra are made of little else. Arguments are in half turns, so that large phases keep
their precision in single precision.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

_SINE = (1.0, -0.1666666664, 0.0083333315, -0.0001984090, 0.0000027526, -0.0000000239)
_COSINE = (1.0, -0.4999999963, 0.0416666418, -0.0013888397, 0.0000247609, -0.0000002605)
_ARCTAN = (
    *(1.0, -0.3333314528, 0.1999355085, -0.1420889944, 0.1065626393),
    *(-0.0752896400, 0.0429096138, -0.0161657367, 0.0028662257),
)
"""Abramowitz & Stegun (1964), Eqs. 4.3.97, 4.3.99 and 4.4.49: errors below 2e-8."""


def sin_cos(
    half_turns: Float[Array, "..."],
) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    """
    Sine and cosine of pi times the argument taken to the nearest integer.

    Args:
        half_turns: angle over pi.

    Returns:
        sin and cos of pi (x - round x): both change sign with every odd integer against sin(pi x)
        and cos(pi x), the cosine is never negative.
    """
    angle = jnp.pi * (half_turns - jnp.round(half_turns))
    square = angle * angle
    return angle * _polynomial(_SINE, square), jnp.maximum(_polynomial(_COSINE, square), 0.0)


def angle_of(y: Float[Array, "..."], x: Float[Array, "..."]) -> Float[Array, "..."]:
    """Angle of the vector (x, y) over pi, from -1 to 1; zero for the null vector."""
    wide, tall = jnp.abs(x), jnp.abs(y)
    ratio = jnp.minimum(wide, tall) / jnp.maximum(jnp.maximum(wide, tall), 1e-30)
    angle = ratio * _polynomial(_ARCTAN, ratio * ratio) / jnp.pi
    angle = jnp.where(tall > wide, 0.5 - angle, angle)
    angle = jnp.where(x < 0, 1.0 - angle, angle)
    return jnp.where(y < 0, -angle, angle)


def _polynomial(coefficients, x):
    value = jnp.full_like(x, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        value = value * x + coefficient
    return value
