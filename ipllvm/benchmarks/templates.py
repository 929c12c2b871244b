"""What an encoder is told a class is called, by benchmark: prompt templates that are averaged."""

from typing import Final

TEMPLATES: Final = {"objects": ("a {}.", "a photo of a {}.")}
