"""The training loop, losses, schedules and the pretext stage."""
