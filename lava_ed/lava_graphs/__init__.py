"""Lava graphs on the engine: they are selected, lowered, attached, run and profiled here; needs lava-nc."""
