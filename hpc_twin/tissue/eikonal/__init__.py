"""Activation times without cells, and cells driven by them."""
