"""The comment that people read."""

from __future__ import annotations

import pytest

from deploy.ci.plan import Line, Plan, Step, parse
from deploy.ci.preview_text import Previews
from tests.deploy.ci import samples

HEAD = "c" * 40
HOSTILE = "</details>``` @team\n### <script>"


def test_summary_warnings_and_diff() -> None:
    plans = [
        parse("dev", samples.changed("pulumi")),
        parse("staging", samples.digest(samples.root(image=samples.DIGEST), same=15)),
        Plan("prod", skipped="no image yet"),
    ]
    assert (
        Previews(plans, HEAD).text()
        == f"""\
### Preview of commit `cccccccccccc`

- **dev**: 2 to create, 2 to update, 2 to delete, 11 unchanged; image `registry.test/flask-k8s:dev`, to be built from \
revision `bbbbbbbbbbbb`
- **staging**: no changes, 15 unchanged; image `{samples.DIGEST}`, as it is
- **prod**: no image yet

- **Warning: dev deletes** `ConfigMap web-config-0123456789`; another is created in its place
- **Warning: dev deletes** `Secret web-secret-0123456789`; another is created in its place

<details><summary>dev: diff</summary>

```diff
@@ create ConfigMap web-config-9876543210 @@
- data.GREETING: "Hello"
+ data.GREETING: "Bonjour"
@@ delete ConfigMap web-config-0123456789 @@
@@ update Deployment web @@
- spec.replicas: 1
+ spec.replicas: 2
- spec.template.spec.config: "web-config-0123456789"
+ spec.template.spec.config: "web-config-9876543210"
- spec.template.spec.image: "{samples.DIGEST}"
+ spec.template.spec.image: "(known after the deployment)"
@@ update Image flask-k8s @@
- build.args.REVISION: "{"a" * 40}"
+ build.args.REVISION: "{"b" * 40}"
- build.contextDigest: "1"
+ build.contextDigest: "2"
@@ create Secret web-secret-9876543210 @@
+ type: "Opaque"
@@ delete Secret web-secret-0123456789 @@
```

</details>
"""
    )


@pytest.mark.parametrize("engine", samples.ENGINES)
def test_replace_is_warned_of(engine: str) -> None:
    text = Previews([parse("dev", samples.replaced(engine))]).text()
    assert "- **Warning: dev replaces** `Namespace web` because of `metadata.name`\n" in text
    assert text.count("Warning") == 1


def test_both_engines_are_told_alike() -> None:
    for make in (samples.changed, samples.replaced):
        first, second = (Previews([parse("dev", make(engine))]).text() for engine in samples.ENGINES)
        assert first == second


def test_failure_is_told_beside_the_rest() -> None:
    plans = [Plan("dev", counts={"same": 3}), Plan("prod", problem="replicas x: no number\n  mend: take one", code=78)]
    text = Previews(plans, HEAD, "https://ci.test/1").text()
    assert "- **prod**: **no preview** ([log](https://ci.test/1))\n" in text
    assert "prod:\n\n```\nreplicas x: no number\n  mend: take one\n```\n" in text
    assert "- **dev**: no changes, 3 unchanged\n" in text


def test_branch_that_moved_is_told() -> None:
    text = Previews([Plan("dev")], HEAD).text(moved="d" * 40)
    assert "**The branch has moved on to `dddddddddddd`: this is not its newest preview.**" in text
    assert "`cccccccccccc`" in text


def test_values_cannot_leave_their_place() -> None:
    step = Step("delete", "ConfigMap", HOSTILE, (Line("data.X", HOSTILE, None),), (HOSTILE,))
    lines = Previews([Plan("dev", (step,), image=HOSTILE)]).text().splitlines()
    fences = [line for line in lines if line.startswith("```")]
    assert fences == ["````diff", "````"]
    assert [line for line in lines if line.startswith("</details>")] == ["</details>"]
    assert not [line for line in lines if line.startswith("###") and line != "### Preview"]
