from flask.testing import FlaskClient

from app.drain import DRAINING


def test_alive_and_ready(client: FlaskClient) -> None:
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 200


def test_draining_is_alive_but_not_ready(client: FlaskClient) -> None:
    DRAINING.set()
    assert client.get("/healthz").status_code == 200
    response = client.get("/readyz")
    assert (response.status_code, response.text) == (503, "draining\n")
    assert client.get("/").status_code == 200
