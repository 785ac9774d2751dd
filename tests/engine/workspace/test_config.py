"""Pulumi.yaml, Pulumi.<stack>.yaml, and the config that comes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.errors import EngineError
from engine.workspace import config, stackconfig
from engine.workspace.project import Project, find_project, load_project
from engine.workspace.stackconfig import StackConfig, load_stack_config
from engine.yamlfile import load_yaml

HEAD = "name: demo\nruntime: python\n"


def _project(tmp_path: Path, text: str) -> Project:
    path = tmp_path / "Pulumi.yaml"
    path.write_text(HEAD + text)
    return load_project(path)


def _resolve(project: Project, values: dict[str, Any]) -> dict[str, config.ConfigValue]:
    full = {key if ":" in key else f"demo:{key}": value for key, value in values.items()}
    return config.resolve(project, "dev", StackConfig(Path("x"), "", full), lambda text: f"plain-{text}")


def _texts(values: dict[str, config.ConfigValue]) -> dict[str, str]:
    return {key: value.text for key, value in values.items()}


def test_defaults_and_values(tmp_path: Path) -> None:
    project = _project(
        tmp_path,
        """\
config:
  text: {type: string, default: x}
  number: {type: integer, default: 3}
  flag: {type: boolean, default: true}
  list: {type: array, items: {type: string}, default: [a, b]}
  map: {type: object, default: {k: 1, j: null}}
  short: yes
  pulumi:disable-default-providers:
    value: [kubernetes]
  other:short: 1.0
""",
    )
    assert _texts(_resolve(project, {})) == {
        "demo:text": "x", "demo:number": "3", "demo:flag": "true", "demo:list": '["a","b"]',
        "demo:map": '{"j":null,"k":1}', "demo:short": "yes", "pulumi:disable-default-providers": '["kubernetes"]',
        "other:short": "1",
    }  # fmt: skip
    found = _resolve(project, {"number": "7", "text": {"secure": "c"}, "map": {"a": [{"secure": "d"}, 2]}})
    assert found["demo:number"].text == "7"
    assert found["demo:text"] == config.ConfigValue("plain-c", True, frozenset({"plain-c"}))
    assert found["demo:map"] == config.ConfigValue('{"a":["plain-d",2]}', True, frozenset({"plain-d"}))
    assert "plain" not in repr(found["demo:text"])
    assert config.default_provider_disabled(found, "kubernetes")
    assert not config.default_provider_disabled(found, "docker")
    assert not config.default_provider_disabled({}, "docker")


@pytest.mark.parametrize(
    ("declared", "value", "type_"),
    [
        ("{type: integer}", "x", "integer"),
        ("{type: integer}", 1.5, "integer"),
        ("{type: boolean}", "yes", "boolean"),
        ("{type: object}", "text", "object"),
        ("{type: object}", [1], "object"),
        ("{type: string}", {"a": 1}, "string"),
        ("{type: array, items: {type: integer}}", ["a"], "array<integer>"),
        ("{type: array, items: {type: array, items: {type: string}}}", ["a"], "array<array<string>>"),
    ],
)
def test_a_value_of_another_type(tmp_path: Path, declared: str, value: Any, type_: str) -> None:
    project = _project(tmp_path, f"config:\n  key: {declared}\n")
    with pytest.raises(EngineError) as caught:
        _resolve(project, {"key": value})
    assert str(caught.value) == f"Stack 'dev' with configuration key 'key' must be of type '{type_}'"
    assert caught.value.code == 78


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        ("{type: integer}", 3), ("{type: integer}", "-3"), ("{type: integer}", 3.0), ("{type: boolean}", True),
        ("{type: boolean}", "false"), ("{type: string}", 3), ("{type: object}", {}), ("{type: string}", "x"),
        ("{type: array, items: {type: boolean}}", [True, "false"]),
    ],
)  # fmt: skip
def test_a_value_of_the_type(tmp_path: Path, declared: str, value: Any) -> None:
    _resolve(_project(tmp_path, f"config:\n  key: {declared}\n"), {"key": value})


def test_missing_values(tmp_path: Path) -> None:
    project = _project(tmp_path, "config:\n  c: {type: string}\n  a: {type: string}\n  b: {}\n  d: {type: string}\n")
    with pytest.raises(EngineError, match="Stack 'dev' is missing configuration values 'a', 'b' and 'c'; "):
        _resolve(project, {"d": "x"})
    with pytest.raises(EngineError, match="missing configuration value 'a'; "):
        _resolve(project, {"b": 1, "c": "x", "d": "x"})


def test_a_secret_must_be_encrypted(tmp_path: Path) -> None:
    project = _project(tmp_path, "config:\n  key: {type: string, secret: true}\n")
    with pytest.raises(EngineError, match="'key' must be encrypted as it's secret"):
        _resolve(project, {"key": "plain"})
    _resolve(project, {"key": {"secure": "x"}})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("config:\n  k: {default: 1, value: 2}\n", "cannot have both a 'default' and 'value'"),
        ("config:\n  o:k: {type: string}\n", "not namespaced by the project and should not define a type"),
        ("config:\n  o:k: {default: 1}\n", "Did you mean to use the 'value' attribute"),
        ("config:\n  o:k: {description: x}\n", "must provide an attribute 'value'"),
        ("config:\n  k: {type: array}\n", "does not specify the underlying type via the 'items'"),
        ("config:\n  k: {type: integer, default: x}\n", "is not of the expected type 'integer'"),
        ("config:\n  k: {type: number}\n", "has the type 'number'; it must be one of"),
        ("config: [1]\n", "`config` must be a mapping"),
        ("plugins: {providers: []}\npackages: {x: y}\n", "`plugins` is not supported|`packages` is not supported"),
        ("a: b: c\n", r"Pulumi.yaml is not valid YAML \(line 3\)"),
    ],
)
def test_a_wrong_project(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(EngineError, match=message):
        _project(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: demo\nruntime: nodejs\n", "the runtime 'nodejs'"),
        ("name: demo\nruntime: {name: python, options: {toolchain: poetry}}\n", "toolchain 'poetry'"),
        ("name: 'a b'\nruntime: python\n", "`name` is 'a b'"),
        ("[]", "a project is a mapping"),
    ],
)
def test_a_project_of_another_kind(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "Pulumi.yaml").write_text(text)
    with pytest.raises(EngineError, match=message):
        load_project(tmp_path / "Pulumi.yaml")


def test_the_program_and_its_interpreter(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    path = tmp_path / "Pulumi.yaml"
    path.write_text("name: demo\nruntime: {name: python, options: {virtualenv: venv}}\nmain: sub\n")
    project = load_project(find_project(tmp_path / "sub"))
    assert project.main == tmp_path / "sub"
    assert project.virtualenv == tmp_path / "venv"
    assert project.stack_file("dev") == tmp_path / "Pulumi.dev.yaml"
    with pytest.raises(EngineError, match=r"no Pulumi.yaml project file found"):
        find_project(Path("/proc"))


def test_scalars_read_as_the_cli_reads_them(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("[yes, on, true, 12:30, 1_000, 010, 1.5, 1e3, ~, null, 'null', 0x10, 2026-01-02]")
    assert load_yaml(path) == [
        "yes", "on", True, "12:30", 1000, 8, 1.5, 1000.0, None, None, "null", 16, "2026-01-02"
    ]  # fmt: skip


def test_an_edit_keeps_comments_order_and_quotes(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text(
        "# who owns this\nencryptionsalt: v1:a:v1:b:c\nconfig:\n  # the count\n  demo:b: \"2\"\n  demo:a: 'x' # why\n"
        "  demo:list:\n    - 1\n"
    )
    path.chmod(0o640)
    stackconfig.set_value(path, "demo", "demo:b", "3")
    stackconfig.set_value(path, "demo", "demo:new", {"secure": "v1:n:d"})
    stackconfig.set_value(path, "demo", "demo:list", "x", (1,))
    stackconfig.remove_value(path, "demo", "demo:a")
    stackconfig.remove_value(path, "demo", "demo:none")
    assert path.read_text() == (
        '# who owns this\nencryptionsalt: v1:a:v1:b:c\nconfig:\n  # the count\n  demo:b: "3"\n'
        "  demo:list:\n    - 1\n    - x\n  demo:new:\n    secure: v1:n:d\n"
    )
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_new_file_is_private(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.dev.yaml"
    stackconfig.set_value(path, "demo", "demo:n", "3")
    stackconfig.set_salt(path, "v1:s")
    assert path.read_text().startswith("encryptionsalt: v1:s\n")
    assert path.stat().st_mode & 0o777 == 0o600
    loaded = load_stack_config(path, "demo")
    assert (loaded.salt, loaded.values) == ("v1:s", {"demo:n": "3"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("secretsprovider: awskms://alias/x\n", "secrets provider 'awskms'"),
        ("encryptedkey: x\n", "`encryptedkey`"),
        ("environment: [prod]\n", "`environment`"),
        ("config: 3\n", "`config` must be a mapping"),
        ("config: {a:b:c: 1}\n", "Pulumi.dev.yaml: the configuration key 'a:b:c' is malformed"),
        ("- 1\n", "are a mapping"),
    ],
)
def test_settings_of_another_kind(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text(text)
    with pytest.raises(EngineError, match=message):
        load_stack_config(path, "demo")


def test_an_edit_finds_the_key_as_the_file_spells_it(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text("config:\n  region: here\n  aws:config:zone: a\n")
    stackconfig.set_value(path, "demo", "aws:region", "us")
    stackconfig.set_value(path, "demo", "demo:region", "there")
    stackconfig.set_value(path, "demo", "aws:zone", "b")
    assert path.read_text() == "config:\n  region: there\n  aws:config:zone: b\n  aws:region: us\n"
    assert load_stack_config(path, "demo").values == {"demo:region": "there", "aws:zone": "b", "aws:region": "us"}


def test_a_key_that_stands_twice(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text("config:\n  demo:a: 1\n  demo:a: 2\n")
    with pytest.raises(EngineError, match=r"Pulumi.dev.yaml is not valid YAML \(line 3: a key stands there twice\)"):
        load_stack_config(path, "demo")
    path.write_text("config:\n  demo:a: &a {k: 1}\n  demo:b: {<<: *a, k: 2}\n")
    assert load_stack_config(path, "demo").values == {"demo:a": {"k": 1}, "demo:b": {"k": 2}}


def test_the_file_ends_as_the_project_s_does(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yml").write_text(HEAD)
    assert load_project(find_project(tmp_path)).stack_file("dev") == tmp_path / "Pulumi.dev.yml"
