"""`ipllvm view [FOLDER]`: the runs of a folder in the browser, two side by side, every sample; or files."""

import argparse
import webbrowser
from pathlib import Path
from typing import Final

from ipllvm.commands.replay import own_files
from ipllvm.errors import UsageError
from ipllvm.replay.serving import HOST, server
from ipllvm.replay.viewer import Viewer, bundle
from ipllvm.reporting.runs import FILE
from ipllvm.reporting.text import visible

PORT: Final = 8010


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of `ipllvm view`."""
    parser.description = (
        "Browse the runs of a folder: a list to filter, two runs side by side, every sample with its "
        "perturbed picture. Served to this machine only, until Ctrl-C; --bundle writes the pages as files."
    )
    parser.add_argument("folder", nargs="?", type=Path, default=Path("reports"), help="default ./reports")
    parser.add_argument("--port", type=int, default=PORT, help=f"default {PORT}; 0: any free port")
    parser.add_argument("--open", action="store_true", help="open it in the browser")
    own_files(parser)
    parser.add_argument("--bundle", type=Path, metavar="DIR", help="write the pages to DIR and exit")


def main(args: argparse.Namespace) -> int:
    """Serve the pages until Ctrl-C, or write them; raises UsageError for a folder without runs."""
    from ipllvm.perturbations import own

    own.learn(args.property_file)
    viewer = Viewer(args.folder)
    if not viewer.names() and (args.folder / FILE).is_file():
        raise UsageError(f"view: {visible(str(args.folder))} is one run: name the folder that it lies in")
    if not viewer.names():
        raise UsageError(
            f"view: {visible(str(args.folder))} holds no run: measure something, or name its folder"
        )
    if args.bundle is not None:
        print(visible(str(bundle(viewer, args.bundle)), 4096))
        return 0
    with server(viewer, args.port) as listening:
        address = f"http://{HOST}:{listening.server_address[1]}/"
        print(f"{address} shows {visible(str(args.folder))}; Ctrl-C ends it", flush=True)
        if args.open:
            webbrowser.open(address)
        listening.serve_forever()
    return 0
