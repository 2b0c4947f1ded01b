"""NIR, the Neuromorphic Intermediate Representation: files, folding into layers, Loihi 2 integers, engine program."""
