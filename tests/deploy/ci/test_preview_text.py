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


@pytest.mark.parametrize("longest", [2_000, 65_336, 999_800])
def test_what_is_too_long_is_cut_but_no_stack_is_lost(longest: int) -> None:
    lines = tuple(Line(f"data.key{number}", None, f'"{"x" * 50}"') for number in range(8_000))
    steps = (Step("create", "ConfigMap", "big", lines), *(Step("delete", "Pod", f"p{n}") for n in range(8)))
    plans = [Plan(name, steps, {"create": 1}) for name in ("dev", "staging", "prod")]
    previews = Previews(plans, HEAD)
    assert len(previews.text()) > 1_200_000
    text = previews.text(longest)
    assert len(text) <= longest
    assert text.endswith("</details>\n")
    assert "**Too long to be shown whole, so it is cut.** All of it is in the job's `build/preview.md`." in text
    for name in ("dev", "staging", "prod"):
        assert f"- **{name}**: 1 to create" in text
    if longest > 65_000:
        assert len(text) > longest * 0.98
        assert text.count("**Warning: prod deletes**") == 8


def test_one_long_value_does_not_displace_the_others() -> None:
    lines = (Line("data.a", None, "x" * 100_000), Line("data.b", None, "short"))
    text = Previews([Plan("dev", (Step("create", "ConfigMap", "big", lines),))]).text(65_000)
    assert "... (100000 characters)" in text
    assert "data.b: short" in text
