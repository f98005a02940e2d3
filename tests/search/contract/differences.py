"""What PostgreSQL's engine cannot do and OpenSearch's can: the one list, which docs/search.md tells too."""

from collections.abc import Callable
from typing import TypeVar

import pytest

T = TypeVar("T", bound=Callable[..., object])

POSTGRESQL_CANNOT = {
    "polish": "find inflected Polish words: there is no stemmer for them",
}
"""What is missing, by name."""


def cannot(name: str) -> Callable[[T], T]:
    """Mark a test whose promise PostgreSQL does not keep: the test must fail there, or the list is out of date."""
    assert name in POSTGRESQL_CANNOT

    def marked(test: T) -> T:
        test.postgresql_cannot = name  # type: ignore[attr-defined]
        return test

    return marked


def expect(request: pytest.FixtureRequest, engine: str) -> None:
    """Let a marked test fail on PostgreSQL, and nowhere else."""
    name = getattr(request.function, "postgresql_cannot", None)
    if name and engine == "postgresql":
        request.applymarker(pytest.mark.xfail(strict=True, reason=f"cannot {POSTGRESQL_CANNOT[name]}"))
