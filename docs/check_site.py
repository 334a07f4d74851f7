"""Check the built site: links, anchors, images and the methods of classes on disk, then every page in a browser.

python docs/check_site.py [FOLDER]

Needs the PyPI package playwright and a Chromium on the machine: the one that CHROMIUM names, else the first found on
the PATH. Nothing is asked of the network. The exit status is 0 when all is well, 1 after a list of what is not,
2 when the checks could not run.
"""

import argparse
import os
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

HERE = Path(__file__).parent
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
SIZES = (DESK, PHONE)
WORDS = ("alpha", "bridge")
METHODS = ("fit", "predict", "predict_proba", "score", "transform", "get_feature_names_out", "plot")
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # no request gets out
)
# What is wider than its page, beside what scrolls in a box of its own.
OVERFLOWING = """() => {
    const inner = "main, article, .bd-article-container, figure, .sd-card, .sd-tab-set";
    const boxes = [document.documentElement, ...document.querySelectorAll(inner)];
    return boxes.filter(box => box.scrollWidth > box.clientWidth + 1 && box.clientWidth > 0)
        .map(box => `${box.tagName.toLowerCase()} ${box.scrollWidth} > ${box.clientWidth}`);
}"""
# Tables that scroll on a phone and do not say so.
UNMARKED_TABLES = """() => [...document.querySelectorAll(".bd-article .pst-scrollable-table-container")]
    .filter(box => box.scrollWidth > box.clientWidth + 1 && getComputedStyle(box, "::before").content === "none")
    .map(box => box.innerText.trim().slice(0, 40).replaceAll(/\\s+/g, " "))
"""
# Formulas in a font that has no table for them.
UNSET_FORMULAS = """async () => {
    const formula = document.querySelector("math");
    await document.fonts.ready;
    const loaded = [...document.fonts].some(font => font.family.includes("Math") && font.status === "loaded");
    return formula && !loaded;
}"""
# Images below the fold may be lazy: ask for them all.
BROKEN_IMAGES = """async () => {
    const images = [...document.images];
    images.forEach(image => { image.loading = "eager"; });
    await Promise.all(images.map(image => image.decode().catch(() => null)));
    return images.filter(image => image.naturalWidth === 0).map(image => image.src);
}"""


class Page(HTMLParser):
    """The anchors, links and resources of one page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.resources: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Called by the parser for every element."""
        found = {name: value for name, value in attrs if value}
        self.anchors.update(found[name] for name in ("id", "name") if name in found)
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        elif tag == "link" and found.get("rel") in {"stylesheet", "preload", "icon"}:
            self.resources.append(found["href"])
        elif tag in {"img", "script", "iframe", "source"} and "src" in found:
            self.resources.append(found["src"])


def find_pages(folder: Path) -> list[Path]:
    """Give the pages, in order; HTML in _static is the theme's own."""
    return sorted(path for path in folder.rglob("*.html") if "_static" not in path.relative_to(folder).parts)


def find_dead_links(folder: Path) -> list[str]:
    """Links and anchors that lead nowhere, resources that are missing or come from elsewhere."""
    root = folder.resolve().as_uri() + "/"
    pages = {path.resolve().as_uri(): Page(path.read_text(encoding="utf-8")) for path in find_pages(folder)}
    failures = []
    for address, page in pages.items():
        name = address.removeprefix(root)
        for resource in page.resources:
            if urlsplit(resource).scheme == "data":
                continue
            target = urljoin(address, resource)
            if not target.startswith(root):
                failures.append(f"{name}: loads {resource}, which is not part of the site")
            elif not _file_of(target).is_file():
                failures.append(f"{name}: {resource} is missing")
        for link in page.links:
            target, anchor = urldefrag(urljoin(address, link))
            if not target.startswith(root):
                continue
            if not _file_of(target).is_file():
                failures.append(f"{name}: the link to {link} leads nowhere")
            elif anchor and target in pages and unquote(anchor) not in pages[target].anchors:
                failures.append(f"{name}: {link} has no such anchor")
    return failures


def find_missing_methods(folder: Path, estimators: dict[str, type]) -> list[str]:
    """Methods of estimators, inherited ones among them, that have no anchor on the class's page."""
    failures = []
    for name, estimator in estimators.items():
        page = folder / "generated" / f"{name}.html"
        anchors = Page(page.read_text(encoding="utf-8")).anchors if page.is_file() else set()
        shown = [method for method in METHODS if hasattr(estimator, method)]
        failures += [f"{page.name} does not show {method}" for method in shown if f"{name}.{method}" not in anchors]
    return failures


def _file_of(address: str) -> Path:
    return Path(unquote(urlsplit(address).path))


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: Any) -> None:
        """Leave the terminal to the failures."""


class _Server(ThreadingHTTPServer):
    def handle_error(self, *args: Any) -> None:
        """Nothing failed: the browser has gone on before an answer was through."""


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Serve the folder on this machine alone; gives the address."""
    with _Server(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()


def watch(page: Any, root: str, failures: list[str]) -> None:
    """Write down what goes wrong in a browser's page from now on."""

    def note(what: str) -> None:
        failures.append(f"{page.url.removeprefix(root)}, {page.viewport_size['width']} wide: {what}")

    def note_request(asked: Any) -> None:
        if not asked.url.startswith((root, "data:", "blob:")):
            note(f"asks for {asked.url}")

    page.on("request", note_request)
    page.on("console", lambda said: said.type == "error" and note(f"console: {said.text}"))
    page.on("pageerror", lambda error: note(f"script: {error}"))
    # Aborted is what the next page cuts off.
    page.on("requestfailed", lambda asked: asked.failure != "net::ERR_ABORTED" and note(f"no answer to {asked.url}"))
    page.on("response", lambda got: got.status >= 400 and note(f"{got.status} for {got.url}"))


def check_pages(browser: Any, root: str, names: list[str]) -> list[str]:
    """Open every page at every width."""
    failures: list[str] = []
    for size in SIZES:
        page = browser.new_page(viewport=size)
        watch(page, root, failures)
        for name in names:
            page.goto(root + name, wait_until="load")
            where = f"{name}, {size['width']} wide"
            failures += [f"{where}: broken image {source}" for source in page.evaluate(BROKEN_IMAGES)]
            failures += [f"{where}: wider than its place: {box}" for box in page.evaluate(OVERFLOWING)]
            if page.evaluate(UNSET_FORMULAS):
                failures.append(f"{where}: the font of the formulas is not loaded")
            if size is PHONE:
                failures += [f"{where}: scrolls without a hint: {text}" for text in page.evaluate(UNMARKED_TABLES)]
        page.close()
    return failures


def check_colors(browser: Any, root: str) -> list[str]:
    """Open the start page in the light and in the dark: each shows the one figure that was drawn for it."""
    failures: list[str] = []
    for mode in ("light", "dark"):
        page = browser.new_page(viewport=DESK, color_scheme=mode)
        watch(page, root, failures)
        page.goto(root + "index.html", wait_until="load")
        shown = [name for name in ("light", "dark") if page.locator(f"img[src*=gain-{name}]").first.is_visible()]
        if shown != [mode]:
            failures.append(f"index.html, {mode}: shows the figures for {', '.join(shown) or 'neither'}")
        page.close()
    return failures


def check_search(browser: Any, root: str) -> list[str]:
    """Search as a reader does, and open the first result."""
    failures: list[str] = []
    for size in SIZES:
        page = browser.new_page(viewport=size)
        page.set_default_timeout(20_000)
        watch(page, root, failures)
        for word in WORDS:
            where = f"search for {word}, {size['width']} wide"
            page.goto(root + "index.html", wait_until="load")
            result = page.locator("#search-results ul.search li a").first
            try:
                page.locator("button.search-button__button:visible, button.search-button:visible").first.click()
                page.locator("dialog input[type=search]").fill(word)
                page.keyboard.press("Enter")
                result.wait_for()
                with page.expect_navigation(wait_until="load") as opened:
                    result.click()
            except _playwright().TimeoutError:
                failures.append(f"{where}: no result that opens")
                continue
            if not opened.value.ok or word not in page.locator("main").inner_text().lower():
                failures.append(f"{where}: the first result, {page.url}, does not hold the word")
        page.close()
    return failures


def _public_classes() -> dict[str, type]:
    import skcmkd

    named = {f"skcmkd.{name}": getattr(skcmkd, name) for name in skcmkd.__all__}
    return {name: value for name, value in named.items() if isinstance(value, type)}


def _playwright() -> Any:
    try:
        from playwright import sync_api
    except ImportError:
        _stop("The browser checks need the PyPI package playwright: pip install playwright")
    return sync_api


def _chromium() -> str:
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if found is None:
        _stop(f"The browser checks need one of {', '.join(CHROMIUMS)} on the PATH, or CHROMIUM to name one.")
    return found


def _stop(message: str) -> Any:
    sys.stderr.write(message + "\n")
    sys.exit(2)


def main() -> None:
    """Run all checks and list what failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=HERE / "_build" / "html")
    folder = parser.parse_args().folder.resolve()
    if not (folder / "index.html").is_file():
        _stop(f"There is no site in {folder}: build it first with `make docs`.")
    names = [path.relative_to(folder).as_posix() for path in find_pages(folder)]
    failures = find_dead_links(folder) + find_missing_methods(folder, _public_classes())
    with serve(folder) as root, _playwright().sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_chromium(), args=list(CHROMIUM_OPTIONS))
        failures += check_pages(browser, root, names)
        failures += check_colors(browser, root)
        failures += check_search(browser, root)
        browser.close()
    if failures:
        failures = list(dict.fromkeys(failures))  # a page that is opened twice fails once
        sys.exit("\n".join([*failures, f"{len(failures)} failures"]))
    sys.stdout.write(f"{len(names)} pages at {len(SIZES)} widths, their links and images, and the search: all well\n")


if __name__ == "__main__":
    main()
