"""Tests of the plugin: pytest sessions in processes of their own, as a user starts them."""
