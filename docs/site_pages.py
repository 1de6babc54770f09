"""Steps of the site's build: pages of files that live outside of `docs/`."""

from __future__ import annotations

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent.parent
# The page of the site, and the file of the repository that it shows.
SHOWN = {"changelog.md": "CHANGELOG.md", "contributing.md": "CONTRIBUTING.md"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of `SHOWN`, with links that hold in the site."""
    for page, source in SHOWN.items():
        text = (ROOT / source).read_text()
        files.append(File.generated(config, page, content=re.sub(r"\]\(docs/", "](", text)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Point links that leave `docs/` for a file of `SHOWN` at its page."""
    for target, source in SHOWN.items():
        markdown = markdown.replace(f"](../{source}", f"]({target}")
    return markdown
