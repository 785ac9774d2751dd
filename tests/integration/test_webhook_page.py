"""The pages of `serve-webhook` in a real browser: bright and dark, wide and narrow, by axe's rules."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser
from werkzeug.serving import make_server

from deploy.webhook.spool import Queue
from deploy.webhook.web import create_app
from tests.deploy.webhook import samples
from tests.integration.test_status_page import SCHEMES, WIDTHS, browser

__all__ = ["browser"]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_pages_in_a_browser(browser: Browser, tmp_path: Path, scheme: Literal["light", "dark"]) -> None:
    """By axe's rules; nothing is wider than the window, nothing comes from elsewhere."""
    queue = Queue(tmp_path / "queue")
    queue.make()
    names = samples.pages(queue)
    site = make_server(
        "127.0.0.1", 0, create_app(queue, "main", (samples.SECRET,), call=lambda: None, alive=lambda: True)
    )
    threading.Thread(target=site.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{site.server_port}/"
    try:
        with browser.new_context(color_scheme=scheme) as context:
            page = context.new_page()
            asked: list[str] = []
            said: list[str] = []
            page.on("request", lambda it: asked.append(it.url))
            page.on("console", lambda it: said.append(it.text))
            for path in ("", *(f"runs/{name}" for name in names)):
                page.goto(url + path)
                assert page.evaluate("getComputedStyle(document.body).margin") == "0px", "the style is there"
                for width in WIDTHS:
                    page.set_viewport_size({"width": width, "height": 800})
                    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0
                found = Axe().run(page)
                assert found.violations_count == 0, found.generate_report()
            assert all(it.startswith((url, "data:")) for it in asked)
            assert said == []
    finally:
        site.shutdown()
        site.server_close()
