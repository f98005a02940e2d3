"""Group commit: many submissions in one transaction, each with its own verdict, in order of arrival."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select

from commerce_graph.checkout.service import Purchases, Submission, Submissions, Throttled, snapshot
from commerce_graph.checkout.service.admission import Admission
from commerce_graph.checkout.service.submission import Wish, submit_many
from commerce_graph.checkout.tables import attempt as attempts
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.database import count_statements
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.ids import parse_gid
from commerce_graph.order.tables import order
from tests.cart.storefront import create, deliverable, line, ready, submit
from tests.inventory.stock import assert_sound, put, quantities
from tests.shop import Shop


def key(cart: Any) -> Any:
    return parse_gid(cart["id"])[1]


async def kinds(shop: Shop, *carts: Any) -> list[str]:
    """Submit carts at once, in this order of arrival, and return what each was told."""
    found = await asyncio.gather(*(submit(shop, cart) for cart in carts))
    await Purchases.of(shop.resources).settle()
    return [each["__typename"] for each in found]


async def test_what_arrives_meanwhile_is_placed_together(shop: Shop) -> None:
    await put(shop.database, "mug-variant", berlin=100)
    carts = [await ready(shop, line("mug-variant")) for _ in range(20)]
    with count_statements() as seen:
        await asyncio.gather(*(Submissions.of(shop.resources).submit(key(cart), "first") for cart in carts))
        placing = [sql for sql in seen if sql.startswith("INSERT INTO checkout.attempt")]
    assert len(placing) <= 2, "the first alone at most, the others with each other"
    await Purchases.of(shop.resources).settle()
    async with shop.database.read() as conn:
        assert (await conn.execute(select(func.count()).where(order.c.financial_status == "PAID"))).scalar() == 20
    await assert_sound(shop.database)


async def test_a_group_costs_the_statements_of_one(shop: Shop) -> None:
    await put(shop.database, "mug-variant", berlin=100)
    counts = []
    for many in (1, 30):
        wishes = [Wish(key(await ready(shop, line("mug-variant"))), "first") for _ in range(many)]
        with count_statements() as seen:
            came = await submit_many(shop.database, wishes)
        assert all(isinstance(each, Submission) and each.fresh for each in came)
        counts.append(len(seen))
    assert counts == [14, 14]


async def test_who_comes_first_gets_the_last_and_nobody_is_harmed_by_another(shop: Shop) -> None:
    """Three mugs; among the buyers a cart that is empty, one that is not paid, and one that wants too many."""
    mugs = [await ready(shop, line("mug-variant")) for _ in range(5)]
    greedy = await ready(shop, line("mug-variant", 4))
    empty = await create(shop, buyerIdentity={"email": "ada@example.com"})
    unpaid = await deliverable(shop, line("mug-variant"))
    arrived = [empty, mugs[0], greedy, unpaid, *mugs[1:]]
    came = await submit_many(shop.database, [Wish(key(cart), "first") for cart in arrived])
    assert [isinstance(each, Submission) and each.fresh for each in came] == [
        False, True, False, False, True, True, False, False,
    ]  # fmt: skip
    assert await quantities(shop.database, "mug-variant") == {"berlin": (3, 3), "newark": (0, 0)}
    await assert_sound(shop.database)
    await put(shop.database, "mug-variant", berlin=5)
    assert await kinds(shop, *mugs[3:]) == ["SubmitSuccess"] * 2, "their carts are as they were, and their tokens free"


async def test_a_fault_of_one_is_not_the_others(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    carts = [await ready(shop, line("mug-variant")) for _ in range(3)]
    taken = snapshot.taken

    def faulty(quote: Any, *rest: Any) -> Any:
        if quote.cart.id == key(carts[1]):
            raise RuntimeError("this cart cannot be frozen")
        return taken(quote, *rest)

    monkeypatch.setattr(snapshot, "taken", faulty)
    submissions = Submissions.of(shop.resources)
    found = await asyncio.gather(*(submissions.submit(key(c), "first") for c in carts), return_exceptions=True)
    await Purchases.of(shop.resources).settle()
    assert [type(each) for each in found] == [Submission, RuntimeError, Submission]
    async with shop.database.read() as conn:
        assert set((await conn.execute(select(order.c.cart_id))).scalars()) == {key(carts[0]), key(carts[2])}
    await assert_sound(shop.database)
    monkeypatch.undo()
    assert await kinds(shop, carts[1]) == ["SubmitSuccess"], "nothing of it happened, its token is free"


async def test_who_goes_away_has_bought_all_the_same(shop: Shop) -> None:
    cart = await ready(shop, line("mug-variant"))
    submissions = Submissions.of(shop.resources)
    gone = asyncio.create_task(submissions.submit(key(cart), "first"))
    while not submissions._asked:  # noqa: ASYNC110
        await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    came = await submissions.submit(key(cart), "first")
    await Purchases.of(shop.resources).settle()
    assert came.attempt
    async with shop.database.read() as conn:
        assert (await conn.execute(select(attempts.c.state))).scalars().all() == ["COMPLETED"]


async def test_a_cart_with_several_tokens_at_once_is_bought_once(shop: Shop) -> None:
    cart, other = await ready(shop, line("mug-variant")), await ready(shop, line("mug-variant"))
    submissions = Submissions.of(shop.resources)
    asked = [(cart, "first"), (cart, "first"), (cart, "second"), (other, "first"), (cart, "third")]
    found = await asyncio.gather(*(submissions.submit(key(which), token) for which, token in asked))
    await Purchases.of(shop.resources).settle()
    ids = [each.attempt.id for each in found if each.attempt]
    assert len(ids) == 5
    assert len({ids[0], ids[1], ids[2], ids[4]}) == 1
    assert [each.own for each in found] == [True, True, False, True, False]


async def test_a_cart_that_there_is_not_is_refused_alone(shop: Shop) -> None:
    wishes = [Wish(new_id(), "first"), Wish(key(await ready(shop, line("mug-variant"))), "first")]
    missing, bought = await submit_many(shop.database, wishes)
    assert isinstance(missing, Rejected)
    assert isinstance(bought, Submission)
    assert bought.fresh


async def test_there_is_an_end_to_waiting(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("commerce_graph.checkout.service.grouping.SUBMISSIONS_WAITING_MAX", 2)
    carts = [await ready(shop, line("guide-variant")) for _ in range(5)]
    submissions = Submissions.of(shop.resources)
    found = await asyncio.gather(*(submissions.submit(key(c), "first") for c in carts), return_exceptions=True)
    assert [type(each) for each in found] == [Submission, Submission, Throttled, Throttled, Throttled]
    again = await asyncio.gather(*(submissions.submit(key(c), "first") for c in carts[3:]))
    assert all(each.fresh for each in again), "nothing was touched: the token is free"
    await Purchases.of(shop.resources).settle()


async def test_alone_is_slower_and_just_as_right(shop: Shop) -> None:
    apart = Submissions(shop.database, Purchases.of(shop.resources), Admission(shop.resources.redis), group_max=1)
    carts = [await ready(shop, line("mug-variant")) for _ in range(10)]
    found = await asyncio.gather(*(apart.submit(key(cart), "first") for cart in carts))
    await Purchases.of(shop.resources).settle()
    assert sum(each.fresh for each in found) == 3
    await assert_sound(shop.database)
