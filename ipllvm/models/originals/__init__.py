"""LLaVA checkpoints as their authors published them: a config.json that names `mm_vision_tower`."""
