"""Optimal transport in numpy; the only caller of POT."""
