"""Keeps a session on one CPU: tiny models only lose time to a second thread; loaded with `-p`."""

import os

if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
