"""Study: populations among candidates for carbon-enhanced metal-poor stars, by their XP spectra."""
