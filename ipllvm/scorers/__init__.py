"""From what a model said to a score in [0, 1]; a scorer is `score(response_text, sample)`."""
