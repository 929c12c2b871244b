"""One model on one benchmark, as a property test sees it."""
