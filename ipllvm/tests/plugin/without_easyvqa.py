"""Makes a session believe that the package easy-vqa is not installed; loaded with `-p`."""

import sys

sys.modules["easy_vqa"] = None  # type: ignore[assignment]
