"""Lava's own processes, bit for bit: fixed-point, floating-point and learning models."""
