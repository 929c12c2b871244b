"""pytest's side of a run: options, collection, outcomes, the report."""
