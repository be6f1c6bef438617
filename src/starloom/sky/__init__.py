"""The simulated sky: one star population behind every raw file, with known truth."""
