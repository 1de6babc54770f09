"""Steps of the site's build, besides turning pages into HTML.

- Files outside of `docs/` that readers look for get a page.
- Each page is there as Markdown as well: `calls.md` beside `calls/`. For readers that are programs,
  `llms.txt` lists these files and `llms-full.txt` holds the text of all (https://llmstxt.org).
"""

from __future__ import annotations

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure import StructureItem
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation, Section
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent.parent
# The page of the site, and the file of the repository that it shows.
SHOWN = {"changelog.md": "CHANGELOG.md", "contributing.md": "CONTRIBUTING.md"}
# Pages of docstrings, which are not in their Markdown.
GENERATED = re.compile(r"^::: ", re.MULTILINE)

navigation: list[StructureItem] = []


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of `SHOWN`, with links that hold in the site."""
    for page, source in SHOWN.items():
        text = (ROOT / source).read_text("utf-8")
        files.append(File.generated(config, page, content=text.replace("](docs/", "](")))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Point links that leave `docs/` at the page of `SHOWN`; keep the text of others alone."""
    for target, source in SHOWN.items():
        markdown = markdown.replace(f"](../{source}", f"]({target}")
    return re.sub(
        r"\[([^\]]+)\]\(\.\./(?!\w+\.md)(?:examples|src|tests|benchmarks)[^)]*\)", r"\1", markdown
    )


def on_nav(nav: Navigation, config: MkDocsConfig, files: Files) -> None:
    navigation[:] = nav.items


def on_post_build(config: MkDocsConfig) -> None:
    """Write the Markdown of the pages, the list of them and their text as one file."""
    site = Path(config.site_dir)
    lines = [f"# {config.site_name}", "", f"> {config.site_description}"]
    texts: list[str] = []
    for item in navigation:
        pages = pages_of(item)
        lines += ["", f"## {item.title}", ""]
        for page in pages:
            assert page.markdown is not None
            lines.append(f"- [{page.title}]({page.file.src_uri}){summary(page.markdown)}")
            copy = site / page.file.src_uri
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(page.markdown, "utf-8")
            if not GENERATED.search(page.markdown):
                texts.append(page.markdown.strip())
    (site / "llms.txt").write_text("\n".join(lines) + "\n", "utf-8")
    (site / "llms-full.txt").write_text("\n\n".join(texts) + "\n", "utf-8")


def pages_of(item: StructureItem) -> list[Page]:
    """The pages of a section and of the sections in it, in order."""
    if isinstance(item, Section):
        return [page for child in item.children for page in pages_of(child)]
    return [item] if isinstance(item, Page) else []


def summary(markdown: str) -> str:
    """What a page is about: the first sentence of its text, after a colon."""
    for paragraph in markdown.split("\n\n"):
        if re.match(r"(?!```)[\w`\[]", paragraph):
            text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", " ".join(paragraph.split()))
            return ": " + re.split(r"(?<=[.:])\s", text)[0].rstrip(":.")
    return ""
