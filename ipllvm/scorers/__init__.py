"""From what a model said to a Score: one module a rule, each a `base.Scorer` in the registry."""
