"""Properties without tolerance, refuted by one counterexample."""
