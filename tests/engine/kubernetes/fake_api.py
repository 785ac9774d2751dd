"""A small Kubernetes API server for tests: real HTTP on loopback, objects in memory, watches, dry runs, field managers.

It knows no kinds: a path is a collection or an object. A test scripts the rest by `on_write` and `refuse`.
"""

from __future__ import annotations

import copy
import json
import re
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

JsonObject = dict[str, Any]


@dataclass
class Call:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    content_type: str


@dataclass
class FakeApi:
    """The server; `with FakeApi() as api` starts and ends it."""

    objects: dict[str, JsonObject] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    refuse: dict[tuple[str, str], list[tuple[int, JsonObject]]] = field(default_factory=dict)
    """Answers that take the place of the normal ones, by (method, path), used up one by one."""
    texts: dict[str, str] = field(default_factory=dict)
    """Plain answers by path: logs."""
    on_write: Callable[[JsonObject], None] = lambda live: None
    """May change an object while it is being written, as admission and defaulting do."""
    drop: set[tuple[str, str]] = field(default_factory=set)
    """(method, path) whose connection is closed after the request was served."""
    watches: list[Call] = field(default_factory=list)
    unwatchable: set[str] = field(default_factory=set)
    """Collections that may not be watched as a whole."""
    watch_events: int = 0
    """End each watch after so many events; 0: never."""
    finalize: bool = False
    """Whether a deleted object stays, with a deletionTimestamp, until `remove` is called."""
    version: int = 1
    changed: threading.Condition = field(default_factory=threading.Condition)
    events: list[tuple[int, str, str, JsonObject]] = field(default_factory=list)

    def __enter__(self) -> FakeApi:
        api = self

        class Handler(_Handler):
            fake = api

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends the server and its watches, once."""
        if self.version < 0:
            return
        with self.changed:
            self.version = -1
            self.changed.notify_all()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def kubeconfig(self) -> JsonObject:
        """A kubeconfig with the one context `fake`."""
        return {
            "current-context": "fake",
            "clusters": [{"name": "fake", "cluster": {"server": self.url}}],
            "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": "me"}}],
            "users": [{"name": "me", "user": {"token": "token-of-me"}}],
        }

    def put(self, path: str, obj: JsonObject, event: str = "") -> JsonObject:
        """Stores an object and tells the watches."""
        with self.changed:
            self.version += 1
            kind = event or ("MODIFIED" if path in self.objects else "ADDED")
            meta = obj.setdefault("metadata", {})
            meta.setdefault("uid", str(uuid.uuid4()))
            meta.setdefault("name", path.rpartition("/")[2])
            if "/namespaces/" in path and path.count("/") > 5:
                meta.setdefault("namespace", path.split("/namespaces/")[1].split("/", maxsplit=1)[0])
            meta["resourceVersion"] = str(self.version)
            self.objects[path] = obj
            self.events.append((self.version, kind, path, copy.deepcopy(obj)))
            self.changed.notify_all()
        return obj

    def status(self, path: str, **status: Any) -> None:
        """Changes an object's status, as its controller does."""
        obj = copy.deepcopy(self.objects[path])
        obj["status"] = {**obj.get("status", {}), **status}
        self.put(path, obj)

    def remove(self, path: str) -> None:
        """Takes an object away."""
        with self.changed:
            obj = self.objects.pop(path)
            self.version += 1
            obj["metadata"]["resourceVersion"] = str(self.version)
            self.events.append((self.version, "DELETED", path, obj))
            self.changed.notify_all()

    def made(self, method: str) -> list[Call]:
        """The requests with this method."""
        return [call for call in self.calls if call.method == method]


class _Handler(BaseHTTPRequestHandler):
    fake: FakeApi
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.loads(raw) if raw else None
        content_type = self.headers.get("Content-Type") or ""
        call = Call(self.command, parts.path, query, body, content_type)
        fake = self.fake
        if query.get("watch") == "true":
            fake.watches.append(call)
            if parts.path in fake.unwatchable and "fieldSelector" not in query:
                code, answer = status(403, "Forbidden", "watching them all is forbidden")
                self._answer(code, json.dumps(answer).encode(), "application/json")
            else:
                self._watch(call)
            return
        fake.calls.append(call)
        scripted = fake.refuse.get((call.method, call.path))
        if scripted:
            code, answer = scripted.pop(0)
        elif call.path in fake.texts:
            self._answer(200, fake.texts[call.path].encode(), "text/plain")
            return
        else:
            code, answer = getattr(self, f"_{call.method.lower()}")(call)
        if (call.method, call.path) in fake.drop:
            fake.drop.remove((call.method, call.path))
            self.close_connection = True
            return
        self._answer(code, json.dumps(answer).encode(), "application/json")

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - the names that http.server calls

    def _answer(self, code: int, body: bytes, content_type: str) -> None:
        self.send_response(code)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _get(self, call: Call) -> tuple[int, JsonObject]:
        found = self.fake.objects.get(call.path)
        if found is not None:
            return 200, found
        items = [obj for path, obj in self.fake.objects.items() if path.rpartition("/")[0] == call.path]
        if items or call.path.rpartition("/")[2] in ("pods", "replicasets", "events", "endpointslices"):
            return 200, {"kind": "List", "items": items}
        return missing(call.path)

    def _post(self, call: Call) -> tuple[int, JsonObject]:
        path = f"{call.path}/{call.body['metadata']['name']}"
        if path in self.fake.objects:
            return status(409, "AlreadyExists", f'"{call.body["metadata"]["name"]}" already exists')
        return self._write(path, call.body, call, "Update", 201)

    def _put(self, call: Call) -> tuple[int, JsonObject]:
        return self._write(call.path, call.body, call, "Update", 200)

    def _patch(self, call: Call) -> tuple[int, JsonObject]:
        live = self.fake.objects.get(call.path)
        if live is None:
            return missing(call.path)
        if call.content_type == "application/json-patch+json":
            changed = copy.deepcopy(live)
            for operation in call.body:
                *parents, last = operation["path"].lstrip("/").split("/")
                target = changed
                for key in parents:
                    target = target[key]
                target[last] = operation["value"]
            return 200, self.fake.put(call.path, changed)
        return self._write(call.path, _merge(live, call.body), call, "Apply", 200)

    def _delete(self, call: Call) -> tuple[int, JsonObject]:
        live = self.fake.objects.get(call.path)
        if live is None:
            return missing(call.path)
        uid = (call.body.get("preconditions") or {}).get("uid")
        if uid and uid != live["metadata"]["uid"]:
            return status(409, "Conflict", "the UID in the precondition does not match the UID in record")
        if self.fake.finalize:
            changed = copy.deepcopy(live)
            changed["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
            return 200, self.fake.put(call.path, changed)
        self.fake.remove(call.path)
        return 200, {"kind": "Status", "status": "Success"}

    def _write(self, path: str, body: JsonObject, call: Call, operation: str, code: int) -> tuple[int, JsonObject]:
        live = copy.deepcopy(body)
        old = self.fake.objects.get(path)
        meta = live["metadata"]
        meta["generation"] = (old["metadata"].get("generation", 0) if old else 0) + 1
        entry = {"manager": call.query.get("fieldManager", ""), "operation": operation, "fieldsV1": {"f:x": {}}}
        others = (old["metadata"].get("managedFields") or []) if old else []
        meta["managedFields"] = [*(e for e in others if e["manager"] != entry["manager"]), entry]
        if live.get("kind") == "Service":
            live["spec"].setdefault("clusterIP", "10.0.0.1")
        self.fake.on_write(live)
        if call.query.get("dryRun") == "All":
            return code, {**live, "metadata": {"uid": "dry", "resourceVersion": "0", **meta}}
        return code, self.fake.put(path, live)

    def _watch(self, call: Call) -> None:
        fake = self.fake
        since = int(call.query.get("resourceVersion") or 0)
        name = call.query.get("fieldSelector", "").partition("metadata.name=")[2]
        of_collection = re.compile(re.escape(call.path) + "/" + (re.escape(name) or "[^/]+"))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        end = time.monotonic() + float(call.query.get("timeoutSeconds", 60))
        sent = since
        try:
            while time.monotonic() < end:
                with fake.changed:
                    news = [event for event in fake.events if event[0] > sent and of_collection.fullmatch(event[2])]
                    if not news:
                        fake.changed.wait(timeout=1)
                        if fake.version < 0:
                            self.close_connection = True
                            return
                        continue
                for version, kind, _, obj in news:
                    sent = version
                    line = json.dumps({"type": kind, "object": obj}).encode() + b"\n"
                    self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
                    self.wfile.flush()
                if fake.watch_events and sent > since:
                    break
            self.wfile.write(b"0\r\n\r\n")
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True


def _merge(old: Any, new: Any) -> Any:
    if isinstance(old, dict) and isinstance(new, dict):
        return {**old, **{key: _merge(old.get(key), value) for key, value in new.items()}}
    return new


def status(code: int, reason: str, message: str, **details: Any) -> tuple[int, JsonObject]:
    """A Status answer."""
    return code, {"kind": "Status", "code": code, "reason": reason, "message": message, "details": details}


def missing(path: str) -> tuple[int, JsonObject]:
    """The Status for an object that isn't there."""
    return status(404, "NotFound", f'"{path.rpartition("/")[2]}" not found', kind=path.split("/")[-2])
