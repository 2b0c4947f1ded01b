"""The AFT-IF neuron of STD-ED and its ProcessModel."""
