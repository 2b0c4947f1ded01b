"""Lowering: Lava processes become nodes of the engine, one module a family, one function a process class."""
