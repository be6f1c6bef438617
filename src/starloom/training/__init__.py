"""How networks are trained: the loop, its schedules, losses and checkpoints."""
