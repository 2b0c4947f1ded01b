"""Recordings of event cameras: read, checked, and encoded as the samples of a net."""
