"""The processes that bring images and labels into a graph, and their ProcessModels."""
