"""The parts of a stellar power spectrum that are not modes: granulation, noise, sampling."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from starloom.sky.kepler_band import NYQUIST_UHZ

COMPONENTS = ((1.19, 0.301, 0.970), (0.91, 0.970, 0.992))
"""Each component's amplitude over `amplitude_ppm`, and its knee: factor and exponent of numax."""


def granulation(
    freq_uhz: Float[Array, " n_freq"],
    numax_uhz: Float[Array, ""],
    amplitude_ppm: Float[Array, ""],
) -> Float[Array, " n_freq"]:
    """
    Power density of granulation: two super-Lorentzians.

    Args:
        freq_uhz: frequencies [uHz].
        numax_uhz: frequency of maximum power [uHz].
        amplitude_ppm: root mean square of the components' rms [ppm].

    Returns:
        One-sided density [ppm2/uHz]; its integral over all frequencies is 2.24 amplitude^2.

    References:
        Kallinger et al. (2014), A&A 570, A41, Eq. 4 and Table 2, model F, has equal amplitudes
        and knees at 0.317 numax^0.970 and 0.948 numax^0.992, found with a Gaussian in place of the
        modes. Here the modes have wings: the low component is stronger and turns earlier, the
        high one is weaker, as the power between the modes of full-mission spectra asks for.
    """
    power = jnp.zeros_like(freq_uhz)
    for strength, factor, exponent in COMPONENTS:
        knee = factor * numax_uhz**exponent
        height = 2.0 * jnp.sqrt(2.0) / jnp.pi * (strength * amplitude_ppm) ** 2 / knee
        power += height / (1.0 + (freq_uhz / knee) ** 4)
    return power


def apodisation(freq_uhz: Float[Array, " n_freq"]) -> Float[Array, " n_freq"]:
    """
    Factor on the power of a signal that each long cadence averages over its length.

    References:
        Chaplin et al. (2011), ApJ 732, 54, Sec. 3: sinc^2(nu / (2 nu_Nyquist)).
    """
    return jnp.sinc(freq_uhz / (2.0 * NYQUIST_UHZ)) ** 2
