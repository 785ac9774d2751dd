"""The issue that people read."""

from __future__ import annotations

from datetime import UTC, datetime

from deploy.ci.drift_text import Seen, drift_text
from deploy.drift.compare import Drift

NOW = datetime(2026, 11, 21, 14, 30, tzinfo=UTC)


def drift(path: str = "spec.replicas", found: str = "1", **more: str) -> Drift:
    return Drift("Deployment", "shop", "web", path, "2", found, **more)


def test_every_stack_has_its_line() -> None:
    by = {"by": "kubectl", "operation": "Update (scale)", "at": "2026-11-21T11:02:00Z"}
    found = [
        Seen("dev", [drift(**by), drift("metadata.labels.a", ""), Drift("Namespace", "", "shop", "", "there", "")]),
        Seen("staging"),
        Seen("test", empty=True),
        Seen("prod", problem="The cluster is away.", code=69),
    ]
    assert (
        drift_text(found, NOW, "https://ci.test/1")
        == """\
### Drift

Live objects against the last deployment, 2026-11-21 14:30 UTC by [this job](https://ci.test/1).

- **dev**: **3 differences**
- **staging**: no drift
- **test**: nothing is deployed
- **prod**: **not known**

<details><summary>dev: - as deployed, + as found</summary>

```diff
@@ Deployment shop/web @@
- spec.replicas: 2
+ spec.replicas: 1 (by kubectl, Update (scale), 2026-11-21T11:02:00Z)
- metadata.labels.a: 2
+ metadata.labels.a: nothing (by whom is not recorded)
@@ Namespace shop @@
- the whole object
```

</details>

`.venv/bin/python -m deploy drift dev --fix` puts it back.

prod:

```
The cluster is away.
```
"""
    )


def test_what_is_too_long_is_cut() -> None:
    found = [Seen("dev", [drift(f"data.key{number}", "x" * 1000) for number in range(1000)])]
    text = drift_text(found, NOW, longest=65_000)
    assert len(text) <= 65_000
    assert "more lines; `deploy drift` has all\n```\n" in text
    assert "(1000 characters)" in text
