"""What Lava's compiler does first: a ProcessModel for every process, sub-processes for the hierarchical ones."""
