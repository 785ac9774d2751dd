"""The links of the README and the docs lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "file", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda file: file.name
)
def test_links_within_the_project_exist(file: Path) -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)[^)]*\)", file.read_text("utf-8")) if "://" not in link]
    missing = [link for link in links if not (file.parent / link).exists()]
    assert missing == []
