from decimal import Decimal

import pytest

from components import rules


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1", "1"),
        ("500m", "0.5"),
        ("1.5", "1.5"),
        (".5", "0.5"),
        ("64Mi", "67108864"),
        ("1Gi", "1073741824"),
        ("1G", "1000000000"),
        ("2e3", "2000"),
        ("1E", "1000000000000000000"),
        ("1E3", "1000"),
        ("100u", "0.0001"),
    ],
)
def test_quantities(text: str, amount: str) -> None:
    assert rules.parse_quantity(text) == Decimal(amount)
    assert rules.check_quantity(text) is None


@pytest.mark.parametrize(
    "text",
    ["", "12 bananas", "-1", "0", "0m", "1mi", "64MB", "1KI", "1e", "Mi", " 1", "1 ", "1٣", "1e999", "9Ei", "NaN"],
)
def test_what_is_no_quantity(text: str) -> None:
    assert rules.check_quantity(text) is not None


@pytest.mark.parametrize(
    ("request_", "limit", "accepted"),
    [("64Mi", "64Mi", True), ("64Mi", "0.0625Gi", True), ("1", "999m", False), ("1Gi", "1G", False)],
)
def test_limits(request_: str, limit: str, accepted: bool) -> None:
    assert (rules.check_limit(request_, limit) is None) is accepted


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        (f"localhost:5001/app@sha256:{'a' * 64}", True),
        (f"ghcr.io/owner/app@sha256:{'0' * 64}", True),
        ("ghcr.io/owner/app:1.0", False),
        (f"ghcr.io/owner/app:1.0@sha256:{'a' * 64}", False),
        (f"ghcr.io/owner/app@sha256:{'A' * 64}", False),
        (f"ghcr.io/owner/app@sha256:{'a' * 63}", False),
        (f"ghcr.io/Owner/app@sha256:{'a' * 64}", False),
        ("", False),
    ],
)
def test_pinned(text: str, accepted: bool) -> None:
    assert (rules.check_pinned(text) is None) is accepted


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("localhost:5001", True),
        ("registry.example.com/team/apps", True),
        ("docker.io/owner", True),
        ("localhost/app", True),
        ("localhost", True),
        ("owner/app", False),
        ("app", False),
        ("ghcr.io/Owner", False),
        ("https://ghcr.io", False),
        ("ghcr.io/", False),
        ("ghcr.io/app:tag", False),
        ("ghcr.io/a b", False),
    ],
)
def test_repository(text: str, accepted: bool) -> None:
    assert (rules.check_repository(text) is None) is accepted


def test_hosts_labels_and_keys() -> None:
    assert rules.check_host("a.b-c.example") is None
    assert rules.check_host("a..b")
    assert rules.check_host("a" * 254)
    assert rules.check_label("a" * 63) is None
    assert rules.check_service_name("1a")
    assert rules.check_label_value("A_b.c") is None
    assert rules.check_label_value("a" * 64)
    assert rules.check_env_key("_A.b-c") is None
    assert rules.check_env_key("9")
