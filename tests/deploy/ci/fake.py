"""GitHub and GitLab as far as comments on a change and issues go, over HTTP on the loopback address."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from deploy.ci import place
from deploy.ci.forges import Forge
from tests.deploy.git.fake_forge import Server

ME, OTHER = 1, 2
"""Who the token is, and somebody with no part in the project."""
HEAD = "c" * 40


class CiForge(Server):
    """One project, with the change 7."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.head = HEAD
        """The newest commit of the change."""
        self.comments: list[dict[str, Any]] = []
        self.issues: list[dict[str, Any]] = []
        self.slept: list[float] = []
        self.env |= {"GITHUB_REPOSITORY": "group/app"} if kind == "GitHub" else {"CI_PROJECT_ID": "55"}

    @property
    def texts(self) -> list[str]:
        """Of the comments."""
        return [it["body"] for it in self.comments]

    def forge(self) -> Forge:
        """The forge under test, which does not sleep."""
        found = place.forge(self.env, "issues: write", "the text", "read it here")
        assert found
        object.__setattr__(found.api, "sleep", self.slept.append)
        return found

    def say(self, body: str, author: int = ME, **more: Any) -> dict[str, Any]:
        """Puts a comment there."""
        made = self._text(len(self.comments) + 1, author, **more)
        self.comments.append(made | {"body": body})
        return self.comments[-1]

    def report(self, title: str, body: str, author: int = ME, **more: Any) -> dict[str, Any]:
        """Puts an issue there."""
        made = self._text(len(self.issues) + 1, author, **more)
        self.issues.append(made | {"title": title, "body" if self.kind == "GitHub" else "description": body})
        return self.issues[-1]

    def obey(self, method: str, path: str, body: Any) -> Any:
        parts = urlsplit(path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        rest = re.sub(r"^/api(/repos/group/app|/projects/55)?", "", parts.path)
        if rest == "/user":
            return {"id": ME}
        if rest in ("/pulls/7", "/merge_requests/7"):
            return {"head": {"sha": self.head}, "sha": self.head, "web_url": f"http://{self.host}/mr/7"}
        if method == "GET":
            issues = [it for it in self.issues if it["state"] != "closed"]
            return self._page(issues if rest == "/issues" else self.comments, query)
        if method == "POST":
            text = body.get("body") or body["description"]
            return self.report(body["title"], text) if rest == "/issues" else self.say(text)
        kind, _, number = rest.rpartition("/")
        known = (self.issues if kind == "/issues" else self.comments)[int(number) - 1]
        known |= body | ({"state": "closed"} if body.get("state_event") == "close" else {})
        return known

    def _page(self, found: list[dict[str, Any]], query: dict[str, str]) -> list[dict[str, Any]]:
        size, number = int(query["per_page"]), int(query["page"])
        return found[size * (number - 1) : size * number]

    def _text(self, number: int, author: int, **more: Any) -> dict[str, Any]:
        if self.kind == "GitHub":
            bot = {"user": {"type": "Bot" if author == ME else "User"}, "author_association": "NONE", "state": "open"}
            return {"id": number, "number": number, "html_url": f"http://{self.host}/{number}", **bot, **more}
        note = {"system": False, "author": {"id": author}, "state": "opened"}
        return {"id": number, "iid": number, "web_url": f"http://{self.host}/{number}", **note, **more}
