"""The readable text of web pages."""

from __future__ import annotations

import time
from textwrap import dedent

import pytest

from mirascope.core import MediaPolicy
from mirascope.tools import ParseURLConfig, ParseURLContent

from .conftest import Site

Page = ParseURLContent.from_config(ParseURLConfig(policy=MediaPolicy(allow_private=True)))

SHOP = """
<!doctype html><html><head><title>Foxes &amp; Sons</title><meta charset="utf-8">
<style>p { color: red }</style><script>if (1 < 2) document.write("<p>no</p></nav>")</script></head>
<body><nav><ul><li><a href="/">Home</a></ul><nav>inner</nav>menu</nav>
<header><h1>Our <em>books</em></h1></header>
<!-- a comment with <p>a tag</p> -->
<p>The first
   paragraph,<b>bold</b>&nbsp;one<br>and &lt;more&gt;.<P CLASS='a>b'>The second: 1 < 2 & so on.
<ul><li>Fox<li><p>Wolf</p></li><li>Bear<ul><li>Cub</ul></ul>
<table><tr><th>Title</th><th>Shelf</th></tr><tr><td>A<td>3</table>
<pre>
def f():
    return <b>1</b>
</pre>
<svg><text>drawn</text></svg><template>later</template><svg/><p>After</p>
<footer>Imprint</footer></body></html>
"""
TEXT = """\
    Foxes & Sons

    # Our books

    The first paragraph,bold one
    and <more>.

    The second: 1 < 2 & so on.
    - Fox

    - Wolf

    - Bear
    - Cub

    Title | Shelf
    A | 3

    def f():
        return 1

    After"""


def read(site: Site, page: str | bytes, content_type: str = "text/html; charset=utf-8") -> str:
    return Page(url=site.answer("/", page, content_type=content_type)).call()


def test_a_page(site: Site) -> None:
    assert read(site, SHOP) == dedent(TEXT)


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("just text", "just text"),
        ("<p>a</p><script>never closed", "a"),
        ("<p>a</p><!-- never closed <p>b", "a"),
        ("<p>a</p><a href='never closed", "a"),
        ("<p>a</p><a href='never closed <p>b", "a\n\nb"),
        ("<p>a</p><!-->b<!--->c", "a\n\nbc"),
        ("a<!doctype x>b<?php c ?>d</ e>f", "abdf"),
        ("<![CDATA[a]]>b", "b"),
        ("<SCRIPT>x</script  >a<Style>y</STYLE/>b", "ab"),
        ("<script>x</scripty>y</script>a", "a"),
        ("a<b c=\"d>e\" f='g>h' i=j>k</b>l", "akl"),
        ('a<b c"d>e</b>', "ae"),
        ("<h2> </h2><h3>A</h3>b", "### A\n\nb"),
        ("&#9999999999;&#x0;&notit;&bogus;", "\ufffd\ufffd¬it;&bogus;"),
        ("&#" + "9" * 5000 + ";", "&#" + "9" * 5000 + ";"),
        ("<nav>only a menu</nav>", "only a menu"),
        ("</nav></pre>a</h1>b", "a\n\nb"),
        ("<textarea>a <b></textarea>c", "a <b>\nc"),
        ("<title>T</title><body>b", "T\n\nb"),
    ],
)
def test_forms_of_pages(page: str, text: str, site: Site) -> None:
    assert read(site, page) == text


def test_pages_without_text(site: Site) -> None:
    for page in ("<div id=root></div><script>app()</script>", "<!-- -->", " "):
        assert read(site, page) == (
            "Error: the page has no text. It may need a browser that runs its scripts."
        )


def test_character_sets(site: Site) -> None:
    for page, content_type in (
        ("<meta charset=iso-8859-1><p>é".encode("latin-1"), "text/html"),
        ("<META content='text/html; charset=\"gb2312\"'><p>é中".encode("gbk"), "text/html"),
        ("<meta charset=utf-16><p>é".encode(), "text/html"),
        ("<p>é".encode("utf-16"), "text/html; charset=latin-1"),
        ("<meta charset=latin-1><p>é".encode(), "text/html; charset=UTF-8"),
        ("<html><p>é".encode(), ""),
    ):
        assert read(site, page, content_type).startswith("é")


def test_what_is_no_page(site: Site) -> None:
    assert read(site, '{"a": "<p>"}', "application/json") == '{"a": "<p>"}'
    assert read(site, "a <b> c", "text/plain") == "a <b> c"
    assert read(site, b"%PDF\0", "application/pdf").startswith("Error: the answer is no text")


HOSTILE = """<!-- <a <![CDATA[ </ & <script> <! <? <textarea> &# <div <a/ <!DOCTYPE <nav> <p> <li>
    <title></title <script></scrip <svg> <pre> = &#99 <a="" <a=' <a/b='x\""""


@pytest.mark.parametrize("piece", HOSTILE.split())
def test_hostile_pages_take_no_time(piece: str, site: Site) -> None:
    """What takes a time that grows with the square of the page's length would take minutes."""
    page = f"<p>a</p>{f'{piece} ' * (400_000 // len(piece))}"
    start = time.monotonic()
    assert read(site, page)
    assert time.monotonic() - start < 10
