"""Arithmetic of our own processes, as Loihi 2 has it: neurons, synapses, plasticity, encoding."""
