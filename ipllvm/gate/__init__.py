"""Two runs compared: baselines, what changed, what stands in the way."""
