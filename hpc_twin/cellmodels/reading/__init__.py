"""Files of strangers to Equations: which format, what its variables are, in which units."""
