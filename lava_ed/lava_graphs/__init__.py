"""Lava graphs on the engine: they are selected, lowered, attached, run and profiled; lava-nc is needed."""
