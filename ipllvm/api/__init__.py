"""ipllvm from Python: the same sessions and files as the command line's, as typed values."""
