"""Rules for fibres and sheets."""
