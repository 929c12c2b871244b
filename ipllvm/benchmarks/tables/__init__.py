"""Rows of files: what stands in them, and pictures as values that are decoded only when asked for."""
