"""Expressions of cell models: a frozen graph, its algebra and calculus, and the passes that rewrite it."""
