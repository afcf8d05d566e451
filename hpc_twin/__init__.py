"""hpc_twin: distributed digital twins of cells, tissues and organs."""

__version__ = "0.1.0"
