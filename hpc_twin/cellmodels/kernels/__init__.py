"""Equations and a scheme to a compiled loop over cells."""
