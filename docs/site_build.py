"""Steps of the site's build, besides turning pages into HTML.

- Files outside of `docs/` that readers look for get a page.
- Long names in the cells of tables may break between their words, so that a table fits a phone.
- Each page is there as Markdown as well: `calls.md` beside `calls/`. For readers that are programs,
  `llms.txt` lists these files and `llms-full.txt` holds the text of all (https://llmstxt.org).
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure import StructureItem
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.nav import Navigation, Section
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent.parent
# The page of the site, and the file of the repository that it shows.
SHOWN = {
    "changelog.md": "CHANGELOG.md",
    "contributing.md": "CONTRIBUTING.md",
    "examples.md": "examples/README.md",
    "security.md": "SECURITY.md",
}
# Pages of docstrings, which are not in their Markdown.
GENERATED = re.compile(r"^::: ", re.MULTILINE)
# A link to a file, not to an anchor of the same page nor to a URL.
LINK = re.compile(r"\[(?P<text>[^\]\n]+)\]\((?P<target>(?!\w+:)[\w./-]+)(?P<anchor>#[\w.-]+)?\)")
CELL = re.compile(r"<td\b.*?</td>", re.DOTALL)
CODE = re.compile(r"(?P<before>\(?)<code>(?P<name>[^<]+)</code>(?P<after>[,;:.)]?)")
# Where a name may go on in the next line: after what joins its words, and before a word that is
# joined to it by a capital or a bracket alone.
JOINT = re.compile(r"(?<=\w[./,=\[(-])(?=\w)|(?<=[^\W_]_)(?=[^\W_])|(?<=[a-z])(?=[\[(]|[A-Z][a-z])")

navigation: list[StructureItem] = []
written: dict[str, str] = {}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of `SHOWN`, and one for each example."""
    for page, source in SHOWN.items():
        text = (ROOT / source).read_text("utf-8")
        folder = Path(source).parent.as_posix()
        files.append(File.generated(config, page, content=in_site(text, folder)))
    for example in sorted((ROOT / "examples").rglob("*.py")):
        path = example.relative_to(ROOT)
        text = f"# {path.name}\n\n````python\n{example.read_text('utf-8')}````\n"
        page = path.with_suffix(".md").as_posix()
        files.append(
            File.generated(config, page, content=text, inclusion=InclusionLevel.NOT_IN_NAV)
        )
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Point the links of pages at the top of `docs/` at the pages that `on_files` adds.

    The home page has no neighbours to be listed beside it. In the names of windows and bookmarks
    a page of the reference says that it is one: `Calls` is the name of a guide as well.
    """
    if page.is_homepage:
        page.meta["hide"] = ["navigation"]
    if page.file.src_uri.startswith("reference/") and not page.is_index:
        page.meta["title"] = f"{page.title}: reference"
    if page.file.generated_by is None and "/" not in page.file.src_uri:
        markdown = in_site(markdown, "docs")
    written[page.file.src_uri] = markdown
    return markdown


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Keep each name in a table together with its punctuation, and say where it may break."""

    def name(code: re.Match[str]) -> str:
        broken = JOINT.sub("<wbr>", code["name"])
        return f'<span class="name">{code["before"]}<code>{broken}</code>{code["after"]}</span>'

    return CELL.sub(lambda cell: CODE.sub(name, cell[0]), html)


def in_site(markdown: str, folder: str) -> str:
    """The text of a file in `folder` of the repository, with links that hold at the site's top.

    A link to a file that the site does not have becomes plain text.
    """

    def link(match: re.Match[str]) -> str:
        text, target, anchor = match["text"], match["target"], match["anchor"] or ""
        path = posixpath.normpath(posixpath.join(folder, target))
        for page, source in SHOWN.items():
            if path == source:
                return f"[{text}]({page}{anchor})"
        if path.startswith("docs/"):
            return f"[{text}]({path.removeprefix('docs/')}{anchor})"
        if path.startswith("examples/") and path.endswith(".py"):
            return f"[{text}]({path.removesuffix('.py')}.md)"
        return text

    return LINK.sub(link, markdown)


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
            if not GENERATED.search(page.markdown):
                texts.append(page.markdown.strip())
    for name, text in written.items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(text, "utf-8")
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
