"""The page of `status --html` in a real browser: bright and dark, wide and narrow, by keyboard and by axe's rules."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, sync_playwright

from cluster import apt
from deploy.say import say
from deploy.status.page import render
from tests.deploy.status.samples import CALM, REPORT

CHROMIUM = Path("/usr/bin/chromium")
OPTIONS = (
    "--no-sandbox",  # root has none
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)
WIDTHS = (1280, 320)
SCHEMES = ("light", "dark")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        apt.install(["chromium"], say, apt.PLACES)
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield found
        found.close()


@pytest.fixture(params=[(scheme, width) for scheme in SCHEMES for width in WIDTHS], ids=lambda it: f"{it[0]}-{it[1]}")
def page(request: pytest.FixtureRequest, browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """The page with an environment of every kind, in one scheme and width; it may ask for nothing but itself."""
    scheme, width = request.param
    file = tmp_path / "status.html"
    file.write_text(render(REPORT), "utf-8")
    with browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme) as context:
        found = context.new_page()
        asked: list[str] = []
        said: list[str] = []
        found.on("request", lambda it: asked.append(it.url))
        found.on("console", lambda it: said.append(it.text))
        found.goto(file.as_uri())
        yield found
        assert {url.partition(":")[0] for url in asked} <= {"file", "data"}
        assert said == []


def open_all(page: Page) -> None:
    for summary in page.locator("summary").all():
        summary.click()


def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(page: Page, tmp_path: Path) -> None:
    open_all(page)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0
    page.screenshot(path=tmp_path / "page.png", full_page=True)


def test_the_keyboard_reaches_every_environment_and_the_focus_is_seen(page: Page) -> None:
    reached = []
    for _ in REPORT.environments:
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.getAttribute('href')"))
        assert page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)") >= 2
    assert reached == [f"#{it.stack}" for it in REPORT.environments]
    page.keyboard.press("Enter")
    page.wait_for_url(f"**#{REPORT.environments[-1].stack}", timeout=10_000)


def test_a_screen_reader_finds_the_regions_the_headings_and_the_tables(page: Page) -> None:
    for landmark in ("header", "nav", "main", "footer"):
        assert page.locator(f"body > {landmark}").count() == 1
    for it in REPORT.environments:
        region = page.get_by_role("region", name=it.stack, exact=True)
        assert region.get_by_role("heading", level=2).inner_text() == it.stack
    open_all(page)
    history = page.get_by_role("table", name="History of staging")
    assert history.get_by_role("columnheader").all_inner_texts()[:2] == ["Update", "Result"]
    assert history.get_by_role("row").nth(1).get_by_role("cell").first.inner_text().strip() == "failed"


def test_strings_of_others_are_shown_and_not_obeyed(page: Page) -> None:
    assert page.title() == "flask-k8s: environments"
    assert page.get_by_text('<script>document.title = "taken"</script>').count() > 0


def test_a_calm_pipeline_stands_in_one_row_where_there_is_room(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "status.html"
    file.write_text(render(CALM), "utf-8")
    with browser.new_context(viewport={"width": 1280, "height": 800}) as context:
        page = context.new_page()
        page.goto(file.as_uri())
        boxes = [card.bounding_box() for card in page.locator(".stage").all()]
        assert len({(round(box["y"]), round(box["width"])) for box in boxes if box}) == 1
