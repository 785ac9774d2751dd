"""Texts of others, such as logs and commit messages, for a terminal."""

from __future__ import annotations


def printable(text: str) -> str:
    """The text without what a terminal could take for a command; its lines stay."""
    return "".join(char if char.isprintable() or char == "\n" else " " for char in text)
