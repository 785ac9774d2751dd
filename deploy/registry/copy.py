"""Copies an image to another registry by digest: all platforms, and the signatures and SBOMs that belong to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from deploy.registry.client import Registry
from deploy.registry.manifest import INDEXES, Manifest, digest_of
from deploy.registry.reference import Reference

_COSIGN: Final = (".sig", ".att", ".sbom")
"""What cosign before version 3 adds to the tag `sha256-<hex>`."""


def copy(ref: Reference, target: str, say: Callable[[str], None]) -> Reference:
    """Copies `ref` to the registry `target` (host, or host/path) and gives the reference there.

    What is there is left out, so a copy that was cut short goes on where it stopped. A manifest comes after all that
    it names: where the image's digest is found, all of it is there. Signatures follow.

    Raises:
        DeployError: code 1 or 69, as `Registry` has it.
    """
    new = ref.at(target)
    source = Registry(ref.registry)
    goal = source if new.registry == ref.registry else Registry(new.registry)
    if new != ref:
        say(f"copying {ref} to {new.registry}/{new.repository}")
        _Copy(source, ref.repository, goal, new.repository, say).run(source.manifest(ref.repository, ref.digest))
    goal.manifest(new.repository, new.digest)
    return new


@dataclass(frozen=True)
class _Copy:
    source: Registry
    old: str
    """The repository there."""
    goal: Registry
    new: str
    say: Callable[[str], None]
    seen: set[str] = field(default_factory=set)

    def run(self, manifest: Manifest) -> None:
        """A manifest after all that it names, then what refers to it."""
        if manifest.digest in self.seen:
            return
        self.seen.add(manifest.digest)
        for child in manifest.children:
            self.run(self.source.manifest(self.old, child["digest"]))
        if self.goal.find(self.new, manifest.digest) is None:
            mount = self.old if self.goal is self.source else ""
            for entry in manifest.blobs:
                if self.goal.put_blob(self.new, entry, partial(self.source.blob, self.old, entry["digest"]), mount):
                    self.say(f"  {entry['digest'][:19]}  {entry['size'] / 1e6:.1f} MB")
            self.goal.put_manifest(self.new, manifest.digest, manifest)
        self._referrers(manifest.digest)
        self._cosign_tags(manifest.digest)

    def _referrers(self, digest: str) -> None:
        found = [
            (entry, manifest)
            for entry in self.source.referrers(self.old, digest)
            if (manifest := self.source.find(self.old, entry["digest"]))
        ]
        for _, manifest in found:
            self.run(manifest)
        if not found:
            return
        listed = self.goal.referrers(self.new, digest)
        known = {entry["digest"] for entry in listed}
        if missing := [entry for entry, _ in found if entry["digest"] not in known]:
            # Without the referrers API it is for the client to keep the list.
            content = {"schemaVersion": 2, "mediaType": INDEXES[0], "manifests": listed + missing}
            body = json.dumps(content).encode()
            self.goal.put_manifest(self.new, _tag(digest), Manifest(INDEXES[0], digest_of(body), body))

    def _cosign_tags(self, digest: str) -> None:
        for suffix in _COSIGN:
            tag = _tag(digest) + suffix
            if manifest := self.source.find(self.old, tag):
                self.run(manifest)
                if self.goal.find(self.new, tag) != manifest:
                    self.goal.put_manifest(self.new, tag, manifest)


def _tag(digest: str) -> str:
    return digest.replace(":", "-")
