"""Match and prepare: from raw tables and spectra to arrays that models read."""
