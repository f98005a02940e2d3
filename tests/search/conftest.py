"""What all tests of search share."""

import pytest

from commerce_graph.kernel import limits

PATIENCE_S = 20.0


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give OpenSearch time: these tests are about what it answers, on a machine that may have much else to do."""
    monkeypatch.setattr(limits, "SEARCH_S_MAX", PATIENCE_S)
    monkeypatch.setattr(limits, "SUGGEST_S_MAX", PATIENCE_S)
