import pulumi

from components.hashing import canonical, content_hash, keyed_hash, plain_data


def test_canonical_is_one_spelling() -> None:
    assert canonical({"b": "2", "a": "ü"}) == '{"a":"ü","b":"2"}'.encode()


def test_hashes_are_stable() -> None:
    """Names in clusters are made of them: a change of these values renames every object once."""
    assert content_hash({"A": "1"}) == "c73dd9fca5"
    assert keyed_hash("k" * 32, {"A": "1"}) == "9e32d3b7c8"
    assert content_hash({}) == "44136fa355"


def test_plain_data() -> None:
    assert plain_data({"A": "1"}) == {"A": "1"}
    assert plain_data({}) == {}
    assert plain_data({"A": "1", "B": pulumi.Output.from_input("2")}) is None
