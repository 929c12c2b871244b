"""Loads the plugin and the fixtures; no logic."""

pytest_plugins = [
    "ipllvm.plugin",
    "fixtures.models",
    "fixtures.benchmarks",
    "fixtures.evaluation",
    "fixtures.planning",
    "fixtures.parts",
    "fixtures.probes",
    "fixtures.synthetic",
]
