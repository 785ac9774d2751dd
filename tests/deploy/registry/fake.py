"""An image registry in memory, on loopback: with or without authentication and the referrers API."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from deploy.registry.manifest import INDEXES, MANIFESTS, Descriptor, digest_of
from tests.cluster.fakes import Answer, Request

INDEX, MANIFEST = INDEXES[0], MANIFESTS[0]
REVISION = "org.opencontainers.image.revision"
USER, PASSWORD, IDENTITY = "robot", "s3cret", "identity-token"
BASIC = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


def descriptor(kind: str, content: bytes, **more: Any) -> Descriptor:
    return {"mediaType": kind, "digest": digest_of(content), "size": len(content), **more}


@dataclass
class FakeRegistry:
    """What `tests.cluster.fakes.serve` takes; `asked` has every request it answered."""

    auth: str = ""
    """`basic`, `token` or nothing: anybody may do everything."""
    referrers_api: bool = True
    mounts: bool = True
    page: int = 100
    """How many referrers it lists at once."""
    trouble: Callable[[Request], Answer | None] = lambda _: None
    """Answers in its place where it gives something."""
    blobs: dict[tuple[str, str], bytes] = field(default_factory=dict)
    manifests: dict[tuple[str, str], tuple[str, bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def image(self, repository: str, platform: str = "amd64", revision: str = "") -> Descriptor:
        """Puts an image of one layer there."""
        system = {"os": "linux", "architecture": platform}
        config = self.blob(repository, json.dumps(system | {"config": {"Labels": {REVISION: revision}}}).encode())
        layer = self.blob(repository, platform.encode())
        content = {"schemaVersion": 2, "config": config, "layers": [layer]}
        return self.put(repository, "", MANIFEST, content) | {"platform": system}

    def index(self, repository: str, *images: Descriptor) -> Descriptor:
        """Puts an index there."""
        return self.put(repository, "", INDEX, {"schemaVersion": 2, "mediaType": INDEX, "manifests": images})

    def referrer(self, repository: str, subject: Descriptor, text: str) -> Descriptor:
        """Puts a manifest there that refers to `subject`, with the list of them where there is no API for it."""
        layer = self.blob(repository, text.encode())
        content = {"schemaVersion": 2, "config": layer, "layers": [layer], "subject": subject}
        entry = self.put(repository, "", MANIFEST, content)
        if not self.referrers_api:
            tag = subject["digest"].replace(":", "-")
            known = json.loads(self.manifests.get((repository, tag), ("", b'{"manifests": []}'))[1])["manifests"]
            self.put(repository, tag, INDEX, {"schemaVersion": 2, "mediaType": INDEX, "manifests": [*known, entry]})
        return entry

    def blob(self, repository: str, content: bytes) -> Descriptor:
        self.blobs[repository, digest_of(content)] = content
        return descriptor("application/octet-stream", content)

    def put(self, repository: str, tag: str, kind: str, content: dict[str, Any]) -> Descriptor:
        body = json.dumps(content).encode()
        for name in filter(None, (tag, digest_of(body))):
            self.manifests[repository, name] = (kind, body)
        return descriptor(kind, body)

    def __call__(self, request: Request) -> Answer:
        self.asked.append(f"{request.method} {request.path}")
        if answer := self.trouble(request):
            return answer
        if request.path == "/token":
            return self._token(request)
        match = re.fullmatch(r"/v2/(.+?)/(manifests|blobs|referrers)/(.+?)/?", request.path)
        assert match, request.path
        repository, kind, reference = match.groups()
        if refusal := self._refusal(request, repository):
            return refusal
        if request.method in ("POST", "PUT"):
            return self._write(request, repository, kind, reference)
        if kind == "referrers" and self.referrers_api:
            return self._referrers(repository, reference, int(request.query.get("from", 0)))
        found = self.manifests.get((repository, reference)) if kind == "manifests" else None
        if kind == "blobs" and (repository, reference) in self.blobs:
            found = ("application/octet-stream", self.blobs[repository, reference])
        return Answer(200, found[1], {"Content-Type": found[0]}) if found else Answer(404, b"404 page not found")

    def _write(self, request: Request, repository: str, kind: str, reference: str) -> Answer:
        if request.method == "POST":
            content = self.blobs.get((request.query.get("from", ""), request.query.get("mount", "")))
            if not self.mounts or content is None:
                return Answer(202, headers={"Location": f"/v2/{repository}/blobs/uploads/1?state=s"})
            self.blobs[repository, request.query["mount"]] = content
        elif kind == "blobs":
            if request.query != {"state": "s", "digest": digest_of(request.body)}:
                return Answer(400, b'{"errors": [{"code": "DIGEST_INVALID"}]}')
            self.blobs[repository, request.query["digest"]] = request.body
        else:
            content_json = json.loads(request.body)
            named = [content_json["config"], *content_json["layers"]] if "config" in content_json else []
            there = {digest for name, digest in (*self.blobs, *self.manifests) if name == repository}
            if missing := {entry["digest"] for entry in (*named, *content_json.get("manifests", ()))} - there:
                return Answer(
                    400, json.dumps({"errors": [{"code": "MANIFEST_BLOB_UNKNOWN"}], "m": [*missing]}).encode()
                )
            for name in (reference, digest_of(request.body)):
                self.manifests[repository, name] = (request.headers["Content-Type"], request.body)
        return Answer(201)

    def _referrers(self, repository: str, digest: str, start: int) -> Answer:
        found = [
            descriptor(kind, body)
            for (name, reference), (kind, body) in self.manifests.items()
            if name == repository
            and reference == digest_of(body)
            and json.loads(body).get("subject", {}).get("digest") == digest
        ]
        end = start + self.page
        more = {"Link": f'</v2/{repository}/referrers/{digest}?from={end}>; rel="next"'} if found[end:] else {}
        body = {"schemaVersion": 2, "mediaType": INDEX, "manifests": found[start:end]}
        return Answer(200, json.dumps(body).encode(), {"Content-Type": INDEX} | more)

    def _refusal(self, request: Request, repository: str) -> Answer | None:
        rights = "pull,push" if request.method in ("POST", "PUT") else "pull"
        given = request.headers.get("Authorization", "")
        if (
            not self.auth or given == BASIC
            if self.auth != "token"
            else given.startswith(f"Bearer {repository}:{rights}")
        ):
            return None
        challenge = 'Basic realm="registry"'
        if self.auth == "token":
            realm = f"http://{request.headers['Host']}/token"
            challenge = f'Bearer realm="{realm}",service="the registry",scope="repository:{repository}:{rights}"'
        return Answer(401, b'{"errors": [{"code": "UNAUTHORIZED"}]}', {"WWW-Authenticate": challenge})

    def _token(self, request: Request) -> Answer:
        form = {key: values[0] for key, values in parse_qs(request.body.decode()).items()}
        if form.get("refresh_token") == IDENTITY and form["grant_type"] == "refresh_token":
            name, query = "access_token", form
        elif request.headers.get("Authorization") == BASIC:
            name, query = "token", request.query
        else:
            return Answer(401, b"who are you?")
        assert query["service"] == "the registry"
        return Answer(200, json.dumps({name: query["scope"].removeprefix("repository:")}).encode())
