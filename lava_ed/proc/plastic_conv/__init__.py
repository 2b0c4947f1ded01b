"""Plastic kernels and their ProcessModel."""
