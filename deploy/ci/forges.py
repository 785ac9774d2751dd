"""Comments on a change, and issues, in the words of GitHub's API and of GitLab's.

Sources: docs.github.com/rest/issues; docs.gitlab.com/api/notes, docs.gitlab.com/api/issues.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Protocol

from deploy.git.api import Api

PAGE: Final = 100
"""How many texts are asked for at once; neither forge gives more."""


@dataclass(frozen=True)
class Text:
    """A comment or an issue that this project may have written: not one of a stranger who copied its first line."""

    id: int
    body: str
    title: str = ""
    """Of an issue."""
    url: str = ""
    """Its page."""


class Forge(Protocol):
    """What both can do. Each may raise what `Api.errand` sees to."""

    api: Api
    longest: int
    """Characters that a comment or an issue may have."""

    def head(self, number: int) -> str:
        """The newest commit of a change."""

    def comments(self, number: int) -> Iterator[Text]:
        """The comments on a change, oldest first."""

    def comment(self, number: int, known: Text | None, body: str) -> str:
        """Writes a comment, or another text into one; its page."""

    def issues(self, title: str) -> Iterator[Text]:
        """The open issues with a title."""

    def issue(self, known: Text | None, title: str, body: str, *, close: bool = False) -> str:
        """Opens an issue, or writes another text into one, and closes that if asked to; its page."""


class GitHub:
    """github.com and GitHub Enterprise."""

    longest = 65_536

    def __init__(self, api: Api) -> None:
        self.api = api

    def head(self, number: int) -> str:
        return str(self.api.call("GET", f"{self.api.url}/pulls/{number}")["head"]["sha"])

    def comments(self, number: int) -> Iterator[Text]:
        for it in _pages(self.api, f"{self.api.url}/issues/{number}/comments", {}):
            if _insider(it):
                yield Text(it["id"], it["body"] or "", url=it["html_url"])

    def comment(self, number: int, known: Text | None, body: str) -> str:
        if known:
            answer = self.api.call("PATCH", f"{self.api.url}/issues/comments/{known.id}", json={"body": body})
        else:
            answer = self.api.call("POST", f"{self.api.url}/issues/{number}/comments", json={"body": body})
        return str(answer["html_url"])

    def issues(self, title: str) -> Iterator[Text]:
        for it in _pages(self.api, f"{self.api.url}/issues", {"state": "open"}):
            if it["title"] == title and "pull_request" not in it and _insider(it):
                yield Text(it["number"], it["body"] or "", title, it["html_url"])

    def issue(self, known: Text | None, title: str, body: str, *, close: bool = False) -> str:
        content = {"title": title, "body": body, **({"state": "closed"} if close else {})}
        if known:
            answer = self.api.call("PATCH", f"{self.api.url}/issues/{known.id}", json=content)
        else:
            answer = self.api.call("POST", f"{self.api.url}/issues", json=content)
        return str(answer["html_url"])


class GitLab:
    """gitlab.com and GitLab of one's own."""

    longest = 1_000_000

    def __init__(self, api: Api, root: str) -> None:
        """`root` is the API's URL, without a slash at its end."""
        self.api = api
        self._root = root
        self._me: int | None = None

    def head(self, number: int) -> str:
        return str(self.api.call("GET", f"{self.api.url}/merge_requests/{number}")["sha"])

    def comments(self, number: int) -> Iterator[Text]:
        for it in _pages(self.api, self._notes(number), {"sort": "asc", "order_by": "created_at"}):
            if not it["system"] and self._mine(it):
                yield Text(it["id"], it["body"])

    def comment(self, number: int, known: Text | None, body: str) -> str:
        if known:
            answer = self.api.call("PUT", f"{self._notes(number)}/{known.id}", json={"body": body})
        else:
            answer = self.api.call("POST", self._notes(number), json={"body": body})
        page = self.api.call("GET", f"{self.api.url}/merge_requests/{number}")["web_url"]
        return f"{page}#note_{answer['id']}"

    def issues(self, title: str) -> Iterator[Text]:
        query = {"state": "opened", "search": title, "in": "title"}
        for it in _pages(self.api, f"{self.api.url}/issues", query):
            if it["title"] == title and self._mine(it):
                yield Text(it["iid"], it["description"] or "", title, it["web_url"])

    def issue(self, known: Text | None, title: str, body: str, *, close: bool = False) -> str:
        content = {"title": title, "description": body, **({"state_event": "close"} if close else {})}
        if known:
            answer = self.api.call("PUT", f"{self.api.url}/issues/{known.id}", json=content)
        else:
            answer = self.api.call("POST", f"{self.api.url}/issues", json=content)
        return str(answer["web_url"])

    def _notes(self, number: int) -> str:
        return f"{self.api.url}/merge_requests/{number}/notes"

    def _mine(self, it: dict[str, Any]) -> bool:
        if self._me is None:
            self._me = int(self.api.call("GET", f"{self._root}/user")["id"])
        return bool(it["author"]["id"] == self._me)


def _pages(api: Api, url: str, query: dict[str, str]) -> Iterator[dict[str, Any]]:
    number = 1
    while True:
        found = api.call("GET", url, params={**query, "per_page": str(PAGE), "page": str(number)})
        yield from found
        if len(found) < PAGE:
            return
        number += 1


def _insider(it: dict[str, Any]) -> bool:
    """Whether the project's own people or an app wrote it. A job's token cannot ask who it is itself."""
    user = it["user"] or {}  # nobody, once the account is gone
    return user.get("type") == "Bot" or it["author_association"] in {"OWNER", "MEMBER", "COLLABORATOR"}
