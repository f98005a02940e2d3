"""Cheap passwords: the tests are about what happens around a hash, not about its cost."""

import pytest
from argon2 import PasswordHasher

from commerce_graph.customer.service import passwords


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the parameters that the test shop's password was hashed with."""
    monkeypatch.setattr(passwords, "hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
