"""Loads the plugin, which brings its fixtures along; no logic."""

pytest_plugins = ["ipllvm.plugin"]
