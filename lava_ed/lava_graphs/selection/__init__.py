"""Selection: every process gets the ProcessModel that Lava's compiler would give it, or its sub-processes."""
