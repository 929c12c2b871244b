"""One trial of a report again."""
