"""One file per benchmark: samples, prompt and default scorer."""
