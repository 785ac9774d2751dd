"""pipeline.yaml: what is read from it, and what is said when it is wrong."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.errors import DeployError
from deploy.pipeline.load import FILE, find, load, schema
from deploy.pipeline.record import Gate, Pipeline, Smoke

ROOT = Path(__file__).resolve().parents[3]
STAGE = "stages:\n  - stack: dev\n"
GATE = f"{STAGE}    gate:\n"


def read(folder: Path, content: str) -> Pipeline:
    (folder / FILE).write_text(content)
    return load(folder)


def refused(folder: Path, content: str) -> str:
    with pytest.raises(DeployError) as caught:
        read(folder, content)
    assert caught.value.code == os.EX_CONFIG
    assert FILE in str(caught.value)
    return str(caught.value)


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    stage = read(tmp_path, "stages:\n  - stack: dev\n    smoke: {}\n").stage("dev")
    assert stage.smoke == Smoke(path="/", status=200, timeout="60s")
    assert (stage.gate, stage.gate.seconds, stage.frozen) == (Gate(), 0, None)
    window = read(tmp_path, f"{GATE}      window: {{}}\n").stage("dev").gate.window
    assert window is not None
    assert (window.days, window.start, window.end) == (("mon", "tue", "wed", "thu", "fri"), "09:00", "17:00")


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("10m", 600), ("2h", 7200), ("1d", 86400)])
def test_a_duration_is_a_number_and_its_unit(tmp_path: Path, text: str, seconds: int) -> None:
    stage = read(tmp_path, f"{GATE}      soak: {text}\n    smoke: {{timeout: {text}}}\n").stage("dev")
    assert stage.gate.seconds == seconds
    assert stage.smoke is not None
    assert stage.smoke.seconds == seconds


def test_stages_know_their_order(tmp_path: Path) -> None:
    pipeline = read(tmp_path, f"{STAGE}  - stack: staging\n  - stack: prod\n")
    assert pipeline.names == ("dev", "staging", "prod")
    assert pipeline.before("prod") == pipeline.stage("staging")
    assert pipeline.before("dev") is None
    with pytest.raises(DeployError, match=r"no stage 'live'.* dev, staging, prod") as caught:
        pipeline.stage("live")
    assert caught.value.code == os.EX_USAGE


def test_a_project_may_have_no_pipeline_until_it_is_asked_for(tmp_path: Path) -> None:
    assert find(tmp_path) is None
    with pytest.raises(DeployError, match=r"pipeline\.yaml is missing.*docs/pipeline\.md") as caught:
        load(tmp_path)
    assert caught.value.code == os.EX_CONFIG


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", r"expected `object`, got `null`\n    mend: write `stages:`"),
        ("- 1\n", "expected `object`, got `array`"),
        ("stages: [\n", r"not valid YAML \(line 2\)"),
        ("1: x\n", "expected `str`"),
        ("stages:\n", "stages .*: expected `array`, got `null`"),
        ("stages: []\n", "length >= 1"),
        ("stages: [dev]\n", r"stages\[0\] dev: expected `object`"),
        ("stages: [{}]\n", r"stages\[0\]\.stack: is missing\n    mend: stack is the stack's name"),
        ("stages: [{stack: ../dev}]\n", r"stages\[0\]\.stack \.\./dev: has not the right form"),
        (f"{STAGE}  - stack: dev\n", "name dev more than once"),
        (f"{STAGE}    smok: {{}}\n", r"stages\[0\]\.smok: is no key\n    mend: did you mean smoke\?"),
        (f"{STAGE}    colour: red\n", "the keys here are stack, smoke, gate, frozen, registry"),
        (f"{STAGE}    registry: https://r.example.com\n", "registry https://r.example.com: has not the right form"),
        (f"{STAGE}    render: .\n", r"stages\[0\]\.render \.: has not the right form\n    mend: render is the folder"),
        (f"{STAGE}    render: /srv/dev\n", "render /srv/dev: has not the right form"),
        (f"{STAGE}    render: a/../../b\n", r"render a/\.\./\.\./b: has not the right form"),
        (f"{STAGE}    render: .git/dev\n", r"render \.git/dev: has not the right form"),
        (f"{STAGE}    render: r\n  - {{stack: prod, render: r}}\n", "share the render r\n    mend: give each a folder"),
        (f"{STAGE}    smoke: {{timeout: 60}}\n", r"timeout 60: expected `str`, got `int`\n    mend: timeout is .*60s"),
        (f"{STAGE}    smoke: {{timeout: 0s}}\n", "timeout '0s'"),
        (f"{STAGE}    smoke: {{timeout: 999999d}}\n", "timeout 999999d: has not the right form"),
        (f"{STAGE}    smoke: {{status: 1000}}\n", r"status 1000: expected `int` <= 599"),
        (f"{STAGE}    smoke: {{path: health}}\n", "path health: has not the right form"),
        (f"{STAGE}    smoke: {{url: 'ftp://x/'}}\n", "url ftp://x/: has not the right form"),
        (f"{STAGE}    smoke: {{url: 'http://x', path: /a}}\n", "both url 'http://x' and path '/a'"),
        (f"{GATE}      soak: 1 day\n", r"stages\[0\]\.gate\.soak '1 day': has not the right form\n    mend: soak is"),
        (f"{GATE}      window: {{days: [mon, funday]}}\n", r"days\[1\] funday: .*\n    mend: days is"),
        (f"{GATE}      window: {{days: []}}\n", "length >= 1"),
        (f"{GATE}      window: {{start: 9:00}}\n", "start 9:00: has not the right form"),
        (
            f"{GATE}      window: {{start: 17:00, end: 09:00}}\n",
            r"gate\.window: ends at 09:00.*\n    mend: a window lies",
        ),
        (f"{GATE}      window: {{timezone: Europe/Berln}}\n", "'Europe/Berln'\n    mend: did you mean Europe/Berlin"),
        (f"{GATE}      window: {{timezone: ../../etc/passwd}}\n", "unknown time zone"),
        (f"{GATE}      window: {{timezone: Europe}}\n", "unknown time zone"),
        (f"{GATE}      window: {{timezone: ''}}\n", "unknown time zone"),
        (f"{GATE}      signature: {{}}\n", r"signature\.key: is missing"),
        (f"{GATE}      signature: {{key: k, sbom: cdx}}\n", "sbom cdx: .*\n    mend: sbom is .* spdxjson"),
        (f"{GATE}      approval: {{approvers: [Ann]}}\n", r"approvers\[0\] Ann: has not the right form"),
        (f"{STAGE}    frozen: {{why: w, who: a, since: today}}\n", "is since 'today'"),
        (f"{STAGE}    frozen: {{why: '', who: a, since: 2025-01-31}}\n", "why '': expected"),
    ],
)
def test_what_is_wrong_is_named_with_its_place_and_its_mend(tmp_path: Path, content: str, says: str) -> None:
    assert re.search(says, refused(tmp_path, content))


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    text = refused(
        tmp_path,
        "stages:\n  - stack: dev\n    smok: {}\n    gate: {soak: 1, window: {end: '08:00'}, signature: {}}\n"
        "  - stack: prod\n    smoke: {status: ok}\nextra: 1\n",
    )
    keys = re.findall(r"^  (\S+?):? ", text.replace("    mend", ""), re.MULTILINE)
    assert "wrong in 6 places" in text
    assert sorted(keys) == [
        "extra",
        "stages[0].gate.signature.key",
        "stages[0].gate.soak",
        "stages[0].gate.window",
        "stages[0].smok",
        "stages[1].smoke.status",
    ]


def test_what_is_wrong_is_not_called_missing_as_well(tmp_path: Path) -> None:
    text = refused(tmp_path, "stages: [{stack: 5}]\n")
    assert "wrong in 1 place;" in text
    assert "missing" not in text


def test_a_password_in_a_url_is_refused_and_not_shown(tmp_path: Path) -> None:
    text = refused(tmp_path, f"{STAGE}    smoke: {{url: 'https://ann:s3cret@example.com/'}}\n")
    assert "s3cret" not in text
    assert "without a password" in text


def test_the_schema_that_editors_use_is_current() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deploy.pipeline.load"], capture_output=True, text=True, check=True, timeout=30, cwd=ROOT
    )
    assert done.stdout == (ROOT / "deploy/pipeline/pipeline.schema.json").read_text()


def test_the_project_s_own_pipeline_is_right_and_names_the_schema() -> None:
    first = (ROOT / FILE).read_text().partition("\n")[0]
    assert (ROOT / first.partition("$schema=")[2]).is_file()
    pipeline = load(ROOT)
    assert pipeline.names == ("dev", "staging", "prod")
    assert all(stage.smoke for stage in pipeline.stages)


def test_the_docs_name_every_key_and_their_example_is_right(tmp_path: Path) -> None:
    text = (ROOT / "docs/pipeline.md").read_text()
    example = re.search(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert example
    assert read(tmp_path, example[1])
    keys = {key for part in schema()["$defs"].values() for key in part["properties"]}
    assert keys - set(re.findall(r"`(?:\w+\.)*(\w+)`", text)) == set()
