"""Who may see what: opening a field to everybody is a change that somebody reads."""

from pathlib import Path

from commerce_graph.app import MODULES
from commerce_graph.kernel.auth import LISTINGS, MERCHANT_SCOPES, OPEN
from commerce_graph.kernel.graph import Graph

GOLDEN = Path(__file__).parent / "golden" / "open_fields.txt"
ACCESS = Graph(MODULES).access


def test_fields_open_to_everyone_are_those_of_the_golden_list() -> None:
    open_fields = [at for at, access in sorted(ACCESS.items()) if access == OPEN]
    told = "\n".join(open_fields) + "\n"
    if not GOLDEN.exists():
        GOLDEN.write_text(told)
    assert open_fields == GOLDEN.read_text().split(), (
        f"if these fields are meant to be open, remove {GOLDEN.name}, run this test again and commit the list"
    )


def test_no_mutation_is_open() -> None:
    assert [at for at, access in ACCESS.items() if at.startswith("Mutation.") and not access] == []


def test_a_merchants_mutation_asks_for_a_scope_that_no_shopper_has() -> None:
    buyers = ("cart", "customer", "orderRequestReturn")
    for at, access in ACCESS.items():
        root, _, name = at.partition(".")
        if root == "Mutation" and not name.startswith(buyers):
            assert any(scope.startswith("write_") for scope in access), at


def test_every_scope_is_one_that_a_key_can_hold() -> None:
    assert {scope for access in ACCESS.values() for scope in access} <= MERCHANT_SCOPES
    assert LISTINGS <= MERCHANT_SCOPES
