"""The recipe of the image; that it builds and runs is shown by the integration tests."""

import re
from pathlib import Path

import pytest

APP = Path(__file__).parents[2] / "app"


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions, continuation lines joined."""
    lines = [line for line in (APP / "Dockerfile").read_text().splitlines() if line and not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [(word, " ".join(rest.split())) for word, _, rest in (line.partition(" ") for line in joined.splitlines())]


def values(word: str) -> list[str]:
    return [rest for name, rest in instructions() if name == word]


def test_is_multi_stage_from_one_base_that_is_an_argument() -> None:
    assert instructions()[0] == ("ARG", "BASE_IMAGE=python:3.11-slim-bookworm")
    assert values("FROM") == ["${BASE_IMAGE} AS build", "${BASE_IMAGE}"]


def test_needs_neither_buildkit_nor_another_registry() -> None:
    text = (APP / "Dockerfile").read_text()
    assert "--mount" not in text
    assert "syntax=" not in text
    assert "<<" not in text


def test_packages_come_before_the_source_and_leave_no_cache() -> None:
    steps = [rest for name, rest in instructions() if name in ("COPY", "RUN")]
    assert steps[0] == "requirements.txt ./"
    assert "--no-cache-dir" in steps[1]
    assert "--require-hashes" in steps[1]
    assert steps[2] == ". app"


def test_runs_as_a_numeric_user_without_a_shell() -> None:
    assert values("USER") == ["10001"]
    assert values("EXPOSE") == ["5000"]
    assert values("CMD") == ['["gunicorn", "--config", "/srv/app/gunicorn.conf.py", "app:create_app()"]']
    assert "NAME=flask-k8s" in values("ENV")[0].split()


def test_the_revision_comes_last_so_that_layers_stay() -> None:
    assert instructions()[-3:] == [
        ("ARG", "REVISION=unknown"),
        ("ENV", "VERSION=${REVISION}"),
        ("LABEL", "org.opencontainers.image.revision=${REVISION}"),
    ]


def test_nothing_that_differs_between_machines_enters_the_build() -> None:
    ignored = (APP / ".dockerignore").read_text().splitlines()
    for pattern in (".dockerignore", "Dockerfile", "**/__pycache__", "**/*.pyc", "**/.*"):
        assert pattern in ignored
    assert not re.search(r"\b(date|apt-get|curl|git)\b", (APP / "Dockerfile").read_text())


def pins(text: str) -> dict[str, str]:
    return {
        name.lower(): version for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^ \\\n]+)", text, re.MULTILINE)
    }


def test_every_package_is_pinned_with_hashes() -> None:
    text = (APP / "requirements.txt").read_text()
    blocks = re.split(r"\n(?=[A-Za-z])", re.sub(r"^ *#.*\n", "", text, flags=re.MULTILINE).strip())
    assert len(blocks) == len(pins(text)) >= 9
    for block in blocks:
        assert re.match(r"[a-z0-9._-]+==\S+ \\\n    --hash=sha256:[0-9a-f]{64}", block), block


def test_what_is_asked_for_is_what_is_pinned() -> None:
    asked = pins((APP / "requirements.in").read_text())
    assert asked
    assert asked.items() <= pins((APP / "requirements.txt").read_text()).items()


@pytest.mark.parametrize("name", ["flask", "gunicorn", "prometheus-client"])
def test_the_tests_run_with_the_versions_of_the_image(name: str) -> None:
    from importlib.metadata import version

    assert version(name) == pins((APP / "requirements.txt").read_text())[name]
