"""The output layers and their ProcessModels."""
