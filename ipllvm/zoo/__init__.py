"""The recipes that train the embedded checkpoints: `python -m ipllvm.zoo train NAME`."""
