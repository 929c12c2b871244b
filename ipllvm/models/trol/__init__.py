"""TroL and Meteor, on transformers' modules: InternLM2 with partial LoRA, layers that run twice."""
