"""Golden vectors: what every process receives, holds and sends in every step, recorded and replayed."""
