"""Plan -> run: the only place where the stages of a model are chained."""
