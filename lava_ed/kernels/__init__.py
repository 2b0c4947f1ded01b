"""Arithmetic of the library, compiled with numba: the one place where numbers are computed.

- ``vectors``: loops over rows and lists that are vector code on every machine.
- ``loihi``: our own processes, as Loihi 2 computes.
- ``stock``: Lava's own processes, bit for bit.
- ``baselines``: whole samples of the published rules that ours are measured against.
"""
