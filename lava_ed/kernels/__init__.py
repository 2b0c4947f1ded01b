"""Integer arithmetic of the library, compiled with numba: the one place where numbers are computed."""
