"""Vision-language models as a chain of stages: f_V, f_P, packing, f_L. Nothing of perturbations."""
