"""The checker, measured: how often its bounds miss and its verdicts are false where the truth is known."""
