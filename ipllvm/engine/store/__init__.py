"""Outcomes on disk: one file a process, merged by key when read; opened, checked and looked after here."""
