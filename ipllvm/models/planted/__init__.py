"""Models without weights whose answer to each property is known by construction."""
