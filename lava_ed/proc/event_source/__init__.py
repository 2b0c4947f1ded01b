"""The process that streams recordings of event cameras into a graph."""
