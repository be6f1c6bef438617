"""What every simulated raw file says of itself in a comment or header."""

SIMULATED = "simulated: made by the simulated sky of starloom, not observed"
