"""Model families: how each cuts pictures into visual tokens. Everything else they share.

A family is one file here and its line in ipllvm/registry.py.
"""
