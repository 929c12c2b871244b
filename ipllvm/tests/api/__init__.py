"""Tests of what can be used from Python."""
