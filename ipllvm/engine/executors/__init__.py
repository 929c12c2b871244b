"""Who runs a plan: this process, or many workers that one driver feeds."""
