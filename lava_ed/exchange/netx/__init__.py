"""netx, lava-dl's network exchange format (HDF5): description, file, conversion, engine program."""
