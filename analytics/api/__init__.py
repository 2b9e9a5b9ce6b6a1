"""Doors of the figures: they read the clock, check the question and make one call."""
