"""Opens every page of the built site in a headless Chromium and says what is wrong with it.

`python docs/check_site.py site` serves the folder on loopback and looks, on every page that the
home page leads to, for: errors in the console; requests that fail or leave this machine; links
and anchors that lead nowhere; content wider than a phone. Any of these makes it exit with 1.
`--pictures FOLDER` keeps a picture of every page, as wide as a desktop and as a phone.

Chromium is the one of the system (`chromium`, `google-chrome`; or CHROMIUM=/path/to/it), else the
one that `playwright install chromium` has brought.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urldefrag

from playwright.sync_api import Browser, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync")
WIDTHS = {"desktop": 1280, "phone": 390}
LINKS = "[...document.querySelectorAll('a[href]')].map(link => link.href)"
ANCHORS = "[...document.querySelectorAll('[id], a[name]')].map(node => node.id || node.name)"
# How far the page can be scrolled to the right, and what stands out.
OVERFLOW = """() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [...document.querySelectorAll('main *:not(pre *, table *)')]
        .filter(node => node.getBoundingClientRect().right > width + 1)
        .slice(0, 3).map(node => node.outerHTML.slice(0, 120));
}"""


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files without a line for each."""

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of `folder`, served on loopback."""
    handler = partial(QuietHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()


class Walk:
    """A walk through the site in `folder`, served at `address`: what it found on which page."""

    def __init__(self, browser: Browser, folder: Path, address: str, pictures: Path | None) -> None:
        self.browser = browser
        self.folder = folder
        self.address = address
        self.pictures = pictures
        self.faults: list[str] = []
        self.anchors: dict[str, set[str]] = {}
        self.links: dict[str, set[str]] = {}

    def run(self) -> None:
        """Open the home page and all that it leads to; then compare links and anchors."""
        waiting = [self.address]
        while waiting:
            page = waiting.pop()
            if page in self.anchors:
                continue
            self.open(page)
            targets = {urldefrag(link).url for link in self.links[page]}
            waiting += sorted(target for target in targets if self.is_page(target))
        for page, links in self.links.items():
            for link in sorted(links):
                self.check_anchor(page, link)

    def is_page(self, url: str) -> bool:
        """Whether `url` is one of ours and a page rather than a file."""
        return url.startswith(self.address) and url.endswith(("/", ".html"))

    def fault(self, url: str, text: str) -> None:
        fault = f"{url.removeprefix(self.address) or 'home'}: {text}"
        if fault not in self.faults:
            self.faults.append(fault)

    def open(self, url: str) -> None:
        """Look at one page, in windows of each width."""
        page = self.browser.new_page()
        page.on("console", lambda line: line.type == "error" and self.fault(url, line.text))
        page.on("pageerror", lambda error: self.fault(url, str(error)))
        page.on("requestfailed", lambda request: self.fault(url, f"failed: {request.url}"))
        page.on(
            "response", lambda got: got.status >= 400 and self.fault(url, f"{got.status} {got.url}")
        )
        page.on("request", lambda request: self.check_host(url, request.url))
        page.goto(url, wait_until="networkidle")
        self.anchors[url] = set(page.evaluate(ANCHORS))
        self.links[url] = set(page.evaluate(LINKS))
        for kind, width in WIDTHS.items():
            page.set_viewport_size({"width": width, "height": 900})
            for node in page.evaluate(OVERFLOW):
                self.fault(url, f"is wider than {width} pixels: {node}")
            self.keep_picture(page, url, kind)
        page.close()

    def check_host(self, url: str, requested: str) -> None:
        if not requested.startswith((self.address, "data:", "blob:")):
            self.fault(url, f"asks another host: {requested}")

    def keep_picture(self, page: Page, url: str, kind: str) -> None:
        if self.pictures is not None:
            name = url.removeprefix(self.address).strip("/").replace("/", "-") or "home"
            page.screenshot(path=self.pictures / f"{name}-{kind}.png")

    def check_anchor(self, page: str, link: str) -> None:
        """A link to a page's anchor needs that anchor; one to a file needs the file."""
        target, anchor = urldefrag(link)
        if not target.startswith(self.address):
            return
        if target not in self.anchors:
            if not (self.folder / unquote(target.removeprefix(self.address))).is_file():
                self.fault(page, f"links to nothing: {target}")
        elif anchor and not {anchor, unquote(anchor)} & self.anchors[target]:
            self.fault(page, f"links to no anchor: {link}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("site", type=Path)
    parser.add_argument("--pictures", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    if not (options.site / "index.html").exists():
        parser.error(f"{options.site} has no index.html: build the site by `make docs`")
    if options.pictures:
        options.pictures.mkdir(parents=True, exist_ok=True)
    program = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    with served(options.site) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        walk = Walk(browser, options.site, address, options.pictures)
        walk.run()
        browser.close()
    expected = {path.parent for path in options.site.rglob("index.html")}
    missed = len(expected) - len(walk.anchors)
    if missed > 0:
        walk.faults.append(f"{missed} pages cannot be reached from the home page")
    print(*walk.faults, sep="\n", end="\n" if walk.faults else "")
    print(
        f"{len(walk.anchors)} pages, {sum(map(len, walk.links.values()))} links, "
        f"{len(walk.faults)} faults"
    )
    return 1 if walk.faults else 0


if __name__ == "__main__":
    sys.exit(main())
