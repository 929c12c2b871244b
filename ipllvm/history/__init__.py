"""Runs of several checkpoints: which there are, each claim over them, and where it changed."""
