"""The commands of `ipllvm`, one module each, imported only when asked for."""
