"""What files, names and replies of others may do here: read within limits, printed, written."""
