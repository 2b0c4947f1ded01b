"""Families of processes: the ops of each, their compiled bodies, and the nodes that emit them."""
