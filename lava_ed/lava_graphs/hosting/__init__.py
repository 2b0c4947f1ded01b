"""Hosted models: processes that have no lowering run by the user's own Python ProcessModels, in this OS process."""
