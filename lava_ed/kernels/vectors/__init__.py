"""Loops over rows and lists that are vector code on every machine."""
