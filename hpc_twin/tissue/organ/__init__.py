"""Where a node lies in an organ: harmonic fields, coordinates, landmarks; regions and gradients that follow them."""
