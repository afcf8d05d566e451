"""One-dimensional conduction systems on a heart: grown or read, then joined to the muscle as lines of its mesh."""
