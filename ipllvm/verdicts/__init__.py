"""From a contrast to an estimate and a verdict; the statistics of the claims."""
