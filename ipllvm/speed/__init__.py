"""How fast the engine is: the same trials four ways, side by side."""
