"""Time steps of one cell: what each state becomes after dt."""
