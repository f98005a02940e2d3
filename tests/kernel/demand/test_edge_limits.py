"""docs/edge.md has every limit that stands before an operation, with its default."""

import re
from pathlib import Path
from typing import Any

import pytest

from commerce_graph.kernel import limits

TEXT = (Path(__file__).parents[3] / "docs" / "edge.md").read_text()
TABLE = dict(re.findall(r"^\| ([A-Z_]+) \| ([\d,.]+) \| .+ \|$", TEXT, re.MULTILINE))
EDGE = re.compile(
    "(DOCUMENTS?|OPERATIONS?|OVERLOADED|RATE_LIMIT|HEAD|URL_BYTES|BODY|WEBSOCKET|STREAMS?|DEFERRED|CONNECTIONS?|"
    "PURCHASES|FORWARDED|JSON|ANSWERS?|SURROGATE|PURGE)_"
)
LIMITS = {name: value for name, value in vars(limits).items() if EDGE.match(name) or name in TABLE}


def test_the_table_was_found() -> None:
    assert len(TABLE) > 50


@pytest.mark.parametrize("name", sorted(LIMITS))
def test_a_limit_is_in_the_table(name: str) -> None:
    value: Any = LIMITS[name]
    assert TABLE.get(name) == (f"{value:,}" if isinstance(value, int) else str(value))


@pytest.mark.parametrize("name", sorted(TABLE))
def test_the_table_has_no_limit_that_is_none(name: str) -> None:
    assert hasattr(limits, name)
