"""Pure functions of (value, layout, generator): a perturbation knows nothing of models."""
