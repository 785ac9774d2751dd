"""The page's markup; what a browser makes of it is in tests/integration/test_status_page.py."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from deploy.status.page import render
from deploy.status.record import Waiting
from tests.deploy.status.samples import HEALTHY, IMAGES, REPORT

VOID = ("meta", "link", "br")


class Elements(HTMLParser):
    """Every element, and whether each is closed where it should be."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_every_element_is_closed_and_every_id_is_there_once() -> None:
    page = Elements(render(REPORT))
    assert page.open == []
    ids = [attributes["id"] for _, attributes in page.found if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {f"#{it.stack}" for it in REPORT.environments} <= {attributes.get("href") for _, attributes in page.found}


def test_what_another_tool_applies_from_git_is_told_so() -> None:
    waiting = Waiting("dev", IMAGES[0])
    page = render(replace(REPORT, environments=(replace(HEALTHY, reconciled=True, updates=(), waiting=waiting),)))
    assert "<dd>applied from git</dd>" in page
    assert "<dd>not asked</dd>" in page
    assert "promote dev dev --push</code>" in page


def test_nothing_of_it_is_markup_of_others_or_comes_from_elsewhere() -> None:
    page = Elements(render(REPORT))
    assert "script" not in {tag for tag, _ in page.found}
    assert not [attributes for _, attributes in page.found if {"src", "style", "onclick"} & attributes.keys()]
    links = {attributes["href"] for tag, attributes in page.found if tag == "link"}
    assert links == {"data:,"}


@pytest.mark.parametrize(
    ("url", "followed"),
    [
        ("https://example.com/a?b=c&d", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ('" onclick="x', False),
    ],
)
def test_only_addresses_of_the_web_are_links(url: str, followed: bool) -> None:
    page = Elements(render(replace(REPORT, environments=(replace(HEALTHY, url=url),))))
    assert (url in {attributes.get("href") for _, attributes in page.found}) is followed


def test_the_style_sheet_is_the_one_that_the_policy_names() -> None:
    page = render(REPORT)
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page
    assert re.search(r"style-src 'sha256-[A-Za-z0-9+/]{43}='", page)
