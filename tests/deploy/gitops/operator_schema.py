"""The operator's Stack as its API has it, as far as it is used here.

Source: https://github.com/pulumi/pulumi-kubernetes-operator, operator/api/pulumi/shared/stack_types.go
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class Strict(Struct, forbid_unknown_fields=True, rename="camel"):
    """An API server leaves out what it does not know; here that is an error."""


class Key(Strict):
    name: str
    key: str
    namespace: str | None = None


class Reference(Strict):
    type: Literal["Secret"]
    secret: Key


class SshAuth(Strict):
    ssh_private_key: Reference
    password: Reference | None = None


class GitAuth(Strict):
    ssh_auth: SshAuth


class VolumeMount(Strict):
    name: str
    mount_path: str
    read_only: bool = False


class Container(Strict):
    name: str
    volume_mounts: list[VolumeMount]


class Item(Strict):
    key: str
    path: str


class SecretSource(Strict):
    secret_name: str
    items: list[Item]


class Volume(Strict):
    name: str
    secret: SecretSource


class Pod(Strict):
    containers: list[Container]
    volumes: list[Volume]


class PodTemplate(Strict):
    spec: Pod


class WorkspaceSpec(Strict):
    pod_template: PodTemplate


class Workspace(Strict):
    spec: WorkspaceSpec


class Spec(Strict):
    stack: str
    project_repo: str
    branch: str
    env_refs: dict[str, Reference]
    config: dict[str, str]
    service_account_name: str
    workspace_template: Workspace
    destroy_on_finalize: bool = False
    retry_on_update_conflict: bool = False
    repo_dir: str | None = None
    git_auth: GitAuth | None = None


class Metadata(Strict):
    name: str
    namespace: str


class Stack(Strict):
    api_version: Literal["pulumi.com/v1"]
    kind: Literal["Stack"]
    metadata: Metadata
    spec: Spec
