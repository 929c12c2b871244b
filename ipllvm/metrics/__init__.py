"""From scores to the contrasts whose means are the metrics."""
