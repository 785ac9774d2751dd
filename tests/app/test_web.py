from html.parser import HTMLParser

import pytest
from flask.testing import FlaskClient

from app import create_app

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def test_the_first_line_is_the_greeting_then_who_answers(client: FlaskClient) -> None:
    response = client.get("/")
    assert response.text == "Hello from Kubernetes!\nshop (test)\npod shop-1\nversion abc123\n"


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, "text/plain"),
        ("*/*", "text/plain"),
        ("text/plain", "text/plain"),
        ("application/json", "text/plain"),
        ("nonsense", "text/plain"),
        (BROWSER, "text/html"),
        ("text/html", "text/html"),
        ("text/html;q=0.5, text/plain", "text/plain"),
    ],
)
def test_browsers_get_a_page_and_programs_get_text(client: FlaskClient, accept: str | None, kind: str) -> None:
    response = client.get("/", headers={"Accept": accept} if accept else {})
    assert response.status_code == 200
    assert response.mimetype == kind
    assert response.headers["Vary"] == "Accept"
    assert response.headers["Cache-Control"] == "no-store"


def test_the_greeting_is_configuration() -> None:
    client = create_app({"GREETING": "Grüß & <Gott>"}).test_client()
    assert client.get("/").text.splitlines()[0] == "Grüß & <Gott>"
    page = client.get("/", headers={"Accept": BROWSER}).text
    assert "<h1>Grüß &amp; &lt;Gott&gt;</h1>" in page


def test_the_page_is_well_formed_accessible_and_loads_only_what_is_there(client: FlaskClient) -> None:
    page = client.get("/", headers={"Accept": BROWSER}).text
    seen: dict[str, list[dict[str, str | None]]] = {}

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            seen.setdefault(tag, []).append(dict(attrs))

    Reader().feed(page)
    assert seen["html"] == [{"lang": "en"}]
    assert len(seen["h1"]) == len(seen["main"]) == len(seen["title"]) == 1
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in seen["meta"]
    assert not {"script", "style", "img", "iframe"} & set(seen)
    style = next(str(link["href"]) for link in seen["link"] if link["rel"] == "stylesheet")
    with client.get(style) as sheet:
        assert sheet.mimetype == "text/css"
        assert "prefers-color-scheme: dark" in sheet.get_data(as_text=True)


@pytest.mark.parametrize(("scheme", "least"), [("light", 4.5), ("dark", 4.5)])
def test_text_stands_out_from_its_ground(client: FlaskClient, scheme: str, least: float) -> None:
    """WCAG 2.2, 1.4.3: contrast of 4.5 to 1 or more."""
    with client.get("/static/style.css") as sheet:
        css = sheet.get_data(as_text=True)
    light, dark = css.split("@media", 1)
    part = light if scheme == "light" else dark.split("body", 1)[0]
    colours = dict(
        line.strip().rstrip(";").removeprefix("--").split(": ") for line in part.splitlines() if "--" in line
    )

    def luminance(colour: str) -> float:
        channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for text in ("text", "muted"):
        high, low = sorted((luminance(colours[text]), luminance(colours["card"])), reverse=True)
        assert (high + 0.05) / (low + 0.05) >= least, (scheme, text)


def test_headers_harden_every_answer(client: FlaskClient) -> None:
    for path in ("/", "/nowhere", "/static/style.css"):
        with client.get(path) as response:
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")
            assert response.headers["Referrer-Policy"] == "no-referrer"


def test_an_empty_environment_is_enough() -> None:
    assert create_app({}).test_client().get("/").text.splitlines() == [
        "Hello from Kubernetes!",
        "flask-k8s (local)",
        "pod none",
        "version unknown",
    ]


def test_applications_do_not_share_settings() -> None:
    one, two = create_app({"NAME": "one"}), create_app({"NAME": "two", "SECRET_KEY": "canary"})
    assert one.config["SETTINGS"].name == "one"
    assert (one.secret_key, two.secret_key) == (None, "canary")
    assert "canary" not in repr(two.config["SETTINGS"])
