"""Long commands do their jobs in this process, or on workers of Dask: here, on a cluster, or as jobs of Slurm."""

from lava_ed.cluster.crew import Alone, Crew, Workers
from lava_ed.cluster.places import Place, crew_at

__all__ = ["Alone", "Crew", "Place", "Workers", "crew_at"]
