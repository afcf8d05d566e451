"""Floor 2: one cell, or many that do not touch: pacing, biomarkers, and the reference integration by CVODE."""
