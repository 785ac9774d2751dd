"""Text that stays what it is, and fits."""

from __future__ import annotations

import pytest

from deploy.ci.markdown import ALL, SHORT, block, code, cut, fitted, short


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("a", "`a`"),
        ("a`b", "``a`b``"),
        ("`a``", "``` `a`` ```"),
        ("a\nb\x1b[31m\u202e", "`a b [31m `"),
        ("<b> *x* @team", "`<b> *x* @team`"),
    ],
)
def test_code(text: str, markdown: str) -> None:
    assert code(text) == markdown


def test_block_ends_where_it_should() -> None:
    assert block(["```", "</details>\r"], "diff") == ["````diff", "```", "</details> ", "````"]


def test_cut() -> None:
    assert cut(["a", "b"], 2, 2, "{} more") == ["a", "b"]
    assert cut(["a", "b", "c"], 3, 1, "{} more") == ["a", "2 more"]
    assert short("x" * 999, ALL) == "x" * 999
    assert short("x" * 999, 5) == f"{'x' * SHORT}... (999 characters)"


@pytest.mark.parametrize("longest", [5, 30, 100, 1000, 4999, 5000, 10_000])
def test_as_much_as_fits(longest: int) -> None:
    lines = [f"line {number:04}" for number in range(500)]
    found = fitted(lambda most: "\n".join(cut(lines, 500, most, "{} more")), 500, longest)
    assert len(found) <= longest
    if longest >= 30:
        assert len(found) > longest * 0.99 - 12 or found.endswith("0499")
