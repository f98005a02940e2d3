"""What a client makes of an answer in parts, in both formats; written without a look at how the server tells them."""

from dataclasses import dataclass, field
from typing import Any

Key = tuple[str | int, ...]


@dataclass
class Merged:
    """An answer put together."""

    data: Any
    errors: list[dict[str, Any]] = field(default_factory=list)
    why: list[dict[str, Any]] = field(default_factory=list)
    """Errors that failed fragments; the others are in `errors`."""
    failed: list[tuple[Key, str | None]] = field(default_factory=list)
    """Paths and labels of the fragments that failed."""
    parts: int = 0
    again: list[Key] = field(default_factory=list)
    """Positions that were told twice."""


def merge_current(answers: list[dict[str, Any]]) -> Merged:
    """Put together what is told by ids, and check the rules of the format."""
    first, *rest = answers
    merged = Merged(first.get("data"), list(first.get("errors", ())))
    if "hasNext" not in first:
        assert not rest
        return merged
    assert first["hasNext"] is True
    open_: dict[str, dict[str, Any]] = {}
    known: set[str] = set()
    for number, answer in enumerate(answers):
        for each in answer.get("pending", ()):
            assert each["id"] not in known, "an id is used twice"
            known.add(each["id"])
            open_[each["id"]] = each
        for each in answer.get("incremental", ()):
            path = [*open_[each["id"]]["path"], *each.get("subPath", ())]
            _put(merged, path, each["data"])
            merged.errors += each.get("errors", ())
        for each in answer.get("completed", ()):
            ended = open_.pop(each["id"])
            if "errors" in each:
                assert each["errors"]
                merged.why += each["errors"]
                merged.failed.append((tuple(ended["path"]), ended.get("label")))
        if number:
            merged.parts += 1
            assert answer.get("completed"), "an answer tells nothing"
        assert answer["hasNext"] is bool(open_), "hasNext does not tell whether something is pending"
        assert answer["hasNext"] is (number < len(answers) - 1)
    for paths in open_.values():
        raise AssertionError(f"{paths} was never completed")
    return merged


def merge_2022(answers: list[dict[str, Any]]) -> Merged:
    """Put together what is told by paths and labels."""
    first, *rest = answers
    merged = Merged(first.get("data"), list(first.get("errors", ())))
    for number, answer in enumerate(rest, 1):
        assert answer["hasNext"] is (number < len(rest))
        assert answer["incremental"]
        merged.parts += 1
        for each in answer["incremental"]:
            if each["data"] is None:
                assert each["errors"]
                merged.why += each["errors"]
                merged.failed.append((tuple(each["path"]), each.get("label")))
            else:
                merged.errors += each.get("errors", ())
                _put(merged, each["path"], each["data"])
    return merged


def _put(merged: Merged, path: list[str | int], data: dict[str, Any]) -> None:
    target = merged.data
    for key in path:
        target = target[key]
    for key, value in data.items():
        if key in target:
            assert target[key] == value, f"{key} at {path} is told twice, in two ways"
            merged.again.append((*path, key))
        target[key] = value
