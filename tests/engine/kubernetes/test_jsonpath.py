"""JSONPath: what is selected, and what is no path."""

from __future__ import annotations

from typing import Any

import pytest

from engine.kubernetes.jsonpath import parse

LIVE: dict[str, Any] = {
    "metadata": {"labels": {"a.b/c": "x"}, "generation": 2},
    "status": {
        "phase": "Good",
        "conditions": [
            {"type": "Ready", "status": "True", "weight": 3},
            {"type": "Synced", "status": "False", "weight": 5, "reason": "it's"},
        ],
        "none": None,
    },
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (".status.phase", ["Good"]),
        ("$.status.phase", ["Good"]),
        ("$['status'][\"phase\"]", ["Good"]),
        ('.metadata.labels["a.b/c"]', ["x"]),
        (".status.conditions[0].type", ["Ready"]),
        (".status.conditions[-1].type", ["Synced"]),
        (".status.conditions[7]", []),
        (".status.conditions[*].type", ["Ready", "Synced"]),
        (".status.conditions[0:1].type", ["Ready"]),
        (".status.conditions[::-1].type", ["Synced", "Ready"]),
        (".status.conditions[0,1].weight", [3, 5]),
        ("..weight", [3, 5]),
        ("..conditions[0]['status']", ["True"]),
        ('.status.conditions[?(@.type=="Ready")].status', ["True"]),
        (".status.conditions[?@.type == 'Synced'].status", ["False"]),
        (".status.conditions[?(@.type=='Ready' && @.status=='False')].type", []),
        (".status.conditions[?(@.type=='Ready' || @.weight > 4)].type", ["Ready", "Synced"]),
        (".status.conditions[?(!@.reason)].type", ["Ready"]),
        (".status.conditions[?(@.reason)].type", ["Synced"]),
        ('.status.conditions[?(@.reason=="it\'s")].type', ["Synced"]),
        (".status.conditions[?(@.weight>=$.metadata.generation)].type", ["Ready", "Synced"]),
        (".status.conditions[?(@.weight != 3)].type", ["Synced"]),
        (".status.conditions[?(@.status<5)].type", []),
        (".status[?(@==null)]", [None]),
        (".status.phase.deeper", []),
        (".nothing[*].at.all", []),
    ],
)
def test_a_path_selects(path: str, found: list[Any]) -> None:
    assert parse(path)(LIVE) == found


@pytest.mark.parametrize(
    ("path", "why"),
    [
        (".status..", "too early"),
        (".status[", "too early"),
        (".status[0", "too early"),
        (".status['a'", "too early"),
        (".status[a]", "cannot stand in brackets"),
        (".a[?(@.b=='x')", "too early"),
        (".a[?('x')]", "a comparison or a path"),
        (".a[?(length(@.b)==1)]", "Pulumi CLI"),
        (".a b", "not expected"),
        (".status.#", "not understood"),
    ],
)
def test_what_is_no_path_says_why(path: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse(path)
