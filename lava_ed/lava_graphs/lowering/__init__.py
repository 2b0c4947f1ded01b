"""From Lava processes to engine nodes: one file per process family, one entry per process class."""
