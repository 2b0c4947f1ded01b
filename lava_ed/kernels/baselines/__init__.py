"""Whole samples of the published rules that ours are measured against."""
