"""The distribution's Chromium, driven by Playwright, for tests that look at a page as a reader does."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
VIOLATIONS = """async (rules) => (
    await axe.run(document, {resultTypes: ["violations"], ...(rules.length ? {runOnly: rules} : {})})
).violations
    .filter((v) => ["serious", "critical"].includes(v.impact))
    .map((v) => `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 200))}`)"""


@dataclass
class Seen:
    """A page, what its console said and what it asked for besides itself."""

    page: "Page"
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@contextmanager
def chromium(profile: Path) -> "Iterator[BrowserContext]":
    """A browser with a profile of its own; it is offline but for files."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        context = driver.chromium.launch_persistent_context(
            profile, executable_path=str(CHROMIUM), headless=True, args=list(FLAGS), offline=True
        )
        yield context
        context.close()


def opened(context: "BrowserContext", file: Path, width: int = 1440, scheme: str = "light") -> Seen:
    """The file in a window of that width, listened to from before it loads."""
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    seen = Seen(page)
    page.on("console", lambda message: seen.said.append(message.text))
    page.on("pageerror", lambda error: seen.said.append(str(error)))
    page.on("dialog", lambda dialog: seen.said.append(dialog.message))
    page.on("request", lambda request: seen.asked.append(request.url))
    page.goto(file.as_uri())
    seen.asked = [url for url in seen.asked if url != file.as_uri() and not url.startswith("data:")]
    return seen


def axe_faults(page: "Page", *rules: str) -> list[str]:
    """What axe-core calls serious or critical on the page as it stands, by these rules or by all."""
    from axe_playwright_python.base import AXE_FILE_PATH

    page.evaluate(Path(AXE_FILE_PATH).read_text(encoding="utf-8"))
    found: list[str] = page.evaluate(VIOLATIONS, list(rules))
    return found
