"""The plastic synapses and the synapses of random feedback, and their ProcessModels."""
