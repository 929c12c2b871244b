"""The viewer: served to this machine alone, nothing but its runs, and as files that a browser shows well."""

import json
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from ipllvm import cli
from ipllvm.errors import UsageError
from ipllvm.replay.serving import answer, server
from ipllvm.replay.viewer import Viewer
from ipllvm.tests.commands.test_history import run
from ipllvm.tests.plugin.sessions import properties, session
from ipllvm.tests.reporting import browsers
from ipllvm.tests.reporting.hostile import HOSTILE
from ipllvm.tests.reporting.test_html import Page

SAME = np.zeros(40)


@pytest.fixture
def viewer(tmp_path: Path) -> Viewer:
    """Two runs, the second by a hostile name."""
    run(tmp_path, "first", SAME, hours=1)
    run(tmp_path, "".join(HOSTILE), SAME, "VIOLATED", hours=2)
    return Viewer(tmp_path)


@pytest.fixture
def port(viewer: Viewer) -> Iterator[int]:
    with server(viewer, 0) as listening:
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        yield int(listening.server_address[1])
        listening.shutdown()
        thread.join()


def got(port: int, path: str, host: str = "127.0.0.1") -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path, headers={"Host": f"{host}:{port}"})
    response = connection.getresponse()
    return response.status, response.read().decode()


def test_the_list_and_two_runs_side_by_side(viewer: Viewer) -> None:
    text = answer(viewer, "/")
    assert text is not None
    page = Page(text)
    assert page.tags.count("script") == 1
    assert {"/run/01", "/run/02", "/samples/01/0"} <= set(page.links)
    both = answer(viewer, "/compare?a=01&b=02")
    assert both is not None
    assert "first" in Page(both).text


@pytest.mark.parametrize(
    "target",
    [
        "/else",
        "/compare",
        "/compare?a=01",
        "/samples/01/x",
        "/run/01/more",
        "/samples/01/123456",
        "http://[",
        "//[",
    ],
)
def test_what_is_no_page_is_none(viewer: Viewer, target: str) -> None:
    assert answer(viewer, target) is None


@pytest.mark.parametrize("name", ["..", "%2e%2e", "03", "%2Fetc", "01%2F..%2F02"])
def test_nothing_but_its_runs_is_served(viewer: Viewer, name: str) -> None:
    with pytest.raises(UsageError, match="no such run"):
        answer(viewer, f"/run/{name}")


def test_it_answers_its_own_host_alone(port: int) -> None:
    status, text = got(port, "/")
    assert status == 200
    assert "2 runs" in Page(text).text
    for host in ("evil.example", "127.0.0.1:80@evil.example", "127.0.0.1.evil.example:80", "[::1]:80"):
        assert got(port, "/", host=host)[0] == 403
    assert got(port, "/run/none")[0] == 404
    assert got(port, "/none")[0] == 404


def test_a_folder_without_runs_and_a_port_that_is_taken_are_one_line(
    tmp_path: Path, port: int, viewer: Viewer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["view", str(tmp_path / "none")]) == 4
    assert "holds no run" in capsys.readouterr().err
    assert cli.main(["view", str(viewer.folder / "01")]) == 4
    assert "01 is one run: name the folder that it lies in" in capsys.readouterr().err
    assert cli.main(["view", str(viewer.folder), f"--port={port}"]) == 4
    assert "give another one" in capsys.readouterr().err


def test_a_run_that_can_not_be_read_is_listed_as_such(viewer: Viewer) -> None:
    (viewer.folder / "01" / "report.json").write_text(json.dumps({}))
    text = answer(viewer, "/")
    assert text is not None
    assert "unreadable" in Page(text).text


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.skipif(browsers.CHROMIUM is None or find_spec("playwright") is None, reason="no browser here")
@pytest.mark.parametrize(("width", "scheme"), [(375, "dark"), (1440, "light")])
def test_a_bundle_shows_every_sample_in_a_browser(tmp_path: Path, width: int, scheme: str) -> None:
    chosen = ("-k", "permutation_invariance", "--benchmark=planted", "--samples=24", "--device=cpu")
    found = session(tmp_path, *properties(*chosen, "--model=planted:positional", "--report-only"))
    assert found.status == 0, found.output
    assert cli.main(["view", str(tmp_path / "reports"), "--bundle", str(tmp_path / "pages")]) == 0
    with browsers.chromium(tmp_path / "profile") as context:
        seen = browsers.opened(context, tmp_path / "pages" / "index.html", width, scheme)
        assert browsers.axe_faults(seen.page) == []
        seen.page.locator("#table tbody a[href*=samples]").click()
        assert seen.page.locator("#samples li[data-state]").count() == 24
        assert seen.page.locator("#samples li[data-state]:visible").count() == 12
        assert seen.page.evaluate("document.documentElement.scrollHeight") < 5000
        assert seen.page.locator("#samples img").count() == 48
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
        seen.page.select_option("#state", "changed")
        changed = seen.page.locator("#samples li[data-state=changed]").count()
        assert seen.page.locator("#samples li[data-state]:visible").count() == changed > 12
        assert browsers.axe_faults(seen.page) == []
        assert (seen.said, [url for url in seen.asked if not url.startswith("file:")]) == ([], [])


def test_one_run_is_not_shown_beside_itself(viewer: Viewer, capsys: pytest.CaptureFixture[str]) -> None:
    """Its model stood there twice, with twice the requirements."""
    one = viewer.folder / "01"
    assert cli.main(["report", str(one), str(one / "report.json"), f"--html={viewer.folder / 'x.html'}"]) == 4
    assert "named twice: name each once" in capsys.readouterr().err
