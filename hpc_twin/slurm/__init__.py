"""Floor 4: batch scripts that never lose a run, what SLURM says of its jobs, and many cases as one array."""
