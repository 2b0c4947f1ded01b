"""The AFT-LIF neuron of MPD-ED and its ProcessModel."""
