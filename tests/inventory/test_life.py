"""The life of a hold: sold, shipped, given back, expired; and what must be true after each step of any life."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.inventory import module, service
from commerce_graph.inventory.errors import OutOfStock
from commerce_graph.inventory.tables import adjustment, reservation
from commerce_graph.kernel.clock import new_id, now
from commerce_graph.kernel.context import Resources
from commerce_graph.kernel.database import Database, count_statements
from commerce_graph.kernel.errors import Rejected
from tests.inventory.stock import HOUR, assert_sound, hold, make, published, put, quantities, states, want
from tests.shop import uid
from tests.waiting import until_blocked

BERLIN, NEWARK = uid("berlin"), uid("newark")
PAST = timedelta(hours=-1)


async def do(database: Database, use_case: Callable[..., Awaitable[object]], *given: object) -> object:
    """Run a use case in a transaction of its own."""
    async with database.begin() as tx:
        return await use_case(tx, *given)


async def sweep(database: Database, limit: int = 100) -> int:
    async with database.begin() as tx:
        return await service.release_expired(tx, limit)


class TestCommit:
    async def test_a_sale_does_not_expire(self, database: Database) -> None:
        owner, _ = await hold(database, want("mug-variant", 2))
        assert await do(database, service.commit, owner) is True
        assert await do(database, service.commit, owner) is True
        assert await states(database, owner) == [("COMMITTED", 2)]
        assert await sweep(database) == 0

    async def test_an_expired_hold_cannot_be_sold(self, database: Database) -> None:
        owner, _ = await hold(database, want("mug-variant", 2), ends_in=PAST)
        assert await sweep(database) == 1
        assert await do(database, service.commit, owner) is False
        assert await do(database, service.renew, owner, now() + HOUR) is False
        assert await states(database, owner) == [("RELEASED", 0)]

    async def test_a_hold_past_its_end_that_nobody_released_can(self, database: Database) -> None:
        owner, _ = await hold(database, want("mug-variant", 2), ends_in=PAST)
        assert await do(database, service.commit, owner) is True
        assert await sweep(database) == 0

    async def test_renewing_moves_the_end(self, database: Database) -> None:
        owner, _ = await hold(database, want("mug-variant", 2), ends_in=PAST)
        assert await do(database, service.renew, owner, now() + HOUR) is True
        assert await sweep(database) == 0
        await do(database, service.commit, owner)
        assert await do(database, service.renew, owner, now() + HOUR) is True
        assert await states(database, owner) == [("COMMITTED", 2)]


class TestRelease:
    async def test_more_than_a_line_holds_there_is_refused(self, database: Database) -> None:
        line = want("shirt-S-White", 12)
        owner, _ = await hold(database, line, country="US")
        for parts in ([(line.line_id, NEWARK, 6)], [(line.line_id, NEWARK, 3)] * 2, [(line.line_id, NEWARK, -1)]):
            with pytest.raises(Rejected, match=r"holds 5|negative") as told:
                await do(database, service.release, owner, parts)
            assert told.value.code == "INVALID"
        assert await quantities(database, "shirt-S-White") == {"berlin": (10, 7), "newark": (5, 5)}

    async def test_all_of_it(self, database: Database) -> None:
        owner, _ = await hold(database, want("shirt-S-White", 12), want("mug-variant", 1))
        await do(database, service.release, owner)
        await do(database, service.release, owner)
        assert await quantities(database, "shirt-S-White") == {"berlin": (10, 0), "newark": (5, 0)}
        assert await states(database, owner) == [("RELEASED", 0)] * 3
        await do(database, service.release, new_id())

    async def test_some_of_it(self, database: Database) -> None:
        line = want("shirt-S-White", 12)
        owner, _ = await hold(database, line, country="US")
        await do(database, service.commit, owner)
        untracked = (new_id(), BERLIN, 1)
        await do(database, service.release, owner, [(line.line_id, NEWARK, 5), (line.line_id, BERLIN, 2), untracked])
        assert await quantities(database, "shirt-S-White") == {"berlin": (10, 5), "newark": (5, 0)}
        assert sorted(await states(database, owner)) == [("COMMITTED", 5), ("RELEASED", 0)]
        await assert_sound(database)

    async def test_what_can_be_bought_again_is_told(self, database: Database) -> None:
        owner, _ = await hold(database, want("mug-variant", 3))
        await do(database, service.release, owner)
        async with database.read() as conn:
            assert await published(conn) == [("StockChanged", str(uid("mug")))] * 2


class TestShip:
    async def test_only_what_is_sold_leaves(self, database: Database) -> None:
        line = want("mug-variant", 2)
        owner, _ = await hold(database, line)
        with pytest.raises(Rejected, match="holds 0"):
            await do(database, service.ship, owner, [(line.line_id, BERLIN, 1)])
        await do(database, service.commit, owner)
        for pick in ((line.line_id, BERLIN, 3), (line.line_id, NEWARK, 1)):
            with pytest.raises(Rejected) as told:
                await do(database, service.ship, owner, [pick])
            assert told.value.code == "INVALID"
        assert await quantities(database, "mug-variant") == {"berlin": (3, 2), "newark": (0, 0)}

    async def test_on_hand_and_committed_fall_together(self, database: Database) -> None:
        line = want("mug-variant", 3)
        owner, _ = await hold(database, line)
        await do(database, service.commit, owner)
        await do(database, service.ship, owner, [(line.line_id, BERLIN, 1), (new_id(), BERLIN, 4)])
        assert await quantities(database, "mug-variant") == {"berlin": (2, 2), "newark": (0, 0)}
        await do(database, service.ship, owner, [(line.line_id, BERLIN, 1), (line.line_id, BERLIN, 1)])
        assert await quantities(database, "mug-variant") == {"berlin": (0, 0), "newark": (0, 0)}
        assert await states(database, owner) == [("SHIPPED", 0)]
        async with database.read() as conn:
            assert len(await published(conn)) == 1  # sold out when it was held, no news since

    @pytest.mark.parametrize("count", [1, 50])
    async def test_statements_do_not_grow_with_the_lines(self, database: Database, count: int) -> None:
        lines = [want(name, 1) for name in await make(database, count, 5)]
        owner, _ = await hold(database, *lines)
        for use_case, given in (
            (service.commit, ()),
            (service.ship, ([(line.line_id, BERLIN, 1) for line in lines[: count // 2]],)),
            (service.release, ()),
        ):
            with count_statements() as seen:
                await do(database, use_case, owner, *given)
            assert len(seen) <= 5


class TestRestock:
    async def test_a_location_that_is_not_there_is_refused(self, database: Database) -> None:
        with pytest.raises(Rejected) as told:
            await do(database, service.restock, [(uid("mug-variant"), new_id(), 1)], "restock", None, "")
        assert told.value.code == "INVALID"
        with pytest.raises(Rejected):
            await do(database, service.restock, [(uid("mug-variant"), BERLIN, 2_000_000_000)], "restock", None, "")

    async def test_goods_are_on_hand_again(self, database: Database) -> None:
        returned = [
            (uid("mug-variant"), BERLIN, 1), (uid("mug-variant"), BERLIN, 1), (uid("lamp-variant"), NEWARK, 1),
            (uid("guide-variant"), BERLIN, 1), (new_id(), BERLIN, 1),
        ]  # fmt: skip
        await do(database, service.restock, returned, "restock", "gid://shopify/Refund/1", "ada")
        assert await quantities(database, "mug-variant") == {"berlin": (5, 0), "newark": (0, 0)}
        assert await quantities(database, "lamp-variant") == {"berlin": (0, 0), "newark": (1, 0)}
        assert await quantities(database, "guide-variant") == {"berlin": (0, 0), "newark": (0, 0)}
        async with database.read() as conn:
            (row,) = (await conn.execute(select(adjustment))).all()
            assert sorted(await published(conn)) == sorted(
                ("StockChanged", str(uid(product))) for product in ("mug", "lamp")
            )
        assert (row.reason, row.reference_document_uri, row.actor) == ("restock", "gid://shopify/Refund/1", "ada")
        assert {(c["name"], c["delta"], c["quantity_after_change"]) for c in row.changes} == {
            ("available", 2, 5), ("on_hand", 2, 5), ("available", 1, 1), ("on_hand", 1, 1),
        }  # fmt: skip


class TestExpiry:
    async def test_only_what_has_expired_is_released(self, database: Database) -> None:
        late, _ = await hold(database, want("mug-variant", 1), want("shirt-S-White", 12), ends_in=PAST)
        held, _ = await hold(database, want("mug-variant", 1))
        sold, _ = await hold(database, want("mug-variant", 1), ends_in=PAST)
        await do(database, service.commit, sold)
        assert await sweep(database) == 1
        assert await states(database, late) == [("RELEASED", 0)] * 3
        assert await states(database, held) == [("HELD", 1)]
        assert await states(database, sold) == [("COMMITTED", 1)]
        assert await sweep(database) == 0
        await assert_sound(database)

    async def test_no_more_owners_than_the_limit(self, database: Database) -> None:
        for _ in range(5):
            await hold(database, want("shirt-S-White", 1), ends_in=PAST)
        assert [await sweep(database, 2) for _ in range(4)] == [2, 2, 1, 0]

    async def test_the_worker_s_job(self, database: Database, resources: Resources) -> None:
        await hold(database, want("mug-variant", 1), ends_in=PAST)
        (job,) = module.jobs
        assert (job.name, await job.run(resources), await job.run(resources)) == ("inventory.release_expired", 1, 0)

    async def test_an_owner_that_somebody_works_on_is_left_alone_whole(self, database: Database) -> None:
        busy, _ = await hold(database, want("shirt-S-White", 1), want("mug-variant", 1), ends_in=PAST)
        other, _ = await hold(database, want("shirt-S-Blue", 1), ends_in=PAST)
        async with database.begin() as tx:
            one = select(reservation).where(reservation.c.owner_id == busy, reservation.c.item_id == uid("mug-variant"))
            await tx.execute(one.with_for_update())
            assert await sweep(database) == 1
        assert await states(database, busy) == [("HELD", 1)] * 2
        assert await states(database, other) == [("RELEASED", 0)]

    async def test_two_sweepers_release_once(self, database: Database) -> None:
        for _ in range(10):
            await hold(database, want("shirt-S-White", 1), ends_in=PAST)
        swept = sum(await asyncio.gather(*(sweep(database, 5) for _ in range(4))))
        swept += await sweep(database)
        assert swept == 10
        assert await quantities(database, "shirt-S-White") == {"berlin": (10, 0), "newark": (5, 0)}

    @pytest.mark.parametrize("sale_first", [True, False])
    async def test_whoever_comes_second_knows_it(self, database: Database, sale_first: bool) -> None:
        owner, _ = await hold(database, want("shirt-S-White", 1), want("mug-variant", 1), ends_in=PAST)
        async with database.begin() as tx:
            if sale_first:
                assert await service.commit(tx, owner)
                assert await sweep(database) == 0
            else:
                assert await service.release_expired(tx, 10) == 1
                sale = asyncio.create_task(do(database, service.commit, owner))
                await until_blocked(database)
        if not sale_first:
            assert await sale is False
        await assert_sound(database)

    async def test_a_hold_is_sold_or_swept_never_both(self, database: Database) -> None:
        names = await make(database, 12, 1)
        owners = [(await hold(database, want(name, 1), want("shirt-S-White", 1), ends_in=PAST))[0] for name in names]

        async def sell(owner: UUID) -> object:
            return await do(database, service.commit, owner)

        *sold, _, _ = await asyncio.gather(*(sell(owner) for owner in owners), sweep(database), sweep(database))
        for owner, kept in zip(owners, sold, strict=True):
            expected = ("COMMITTED", 1) if kept else ("RELEASED", 0)
            assert await states(database, owner) == [expected] * 2
        await assert_sound(database)


class Life:
    """A shop's day at one product: any step may come next, by one seed."""

    def __init__(self, database: Database, seed: int) -> None:
        self.database = database
        self.chance = random.Random(seed)
        self.owners: list[UUID] = []
        self.on_hand = {"shirt-S-White": 15, "shirt-S-Blue": 15, "mug-variant": 3}

    async def step(self) -> None:
        """Take one step, which may be refused."""
        variant = self.chance.choice(list(self.on_hand))
        owner = self.chance.choice([*self.owners, new_id()])
        step = self.chance.choice([self.buy, self.buy, self.commit, self.release, self.ship, self.restock, self.expire])
        with suppress(Rejected):
            async with self.database.begin() as tx:
                await step(tx, owner, variant)

    async def buy(self, tx: AsyncConnection, owner: UUID, variant: str) -> None:
        owner = new_id()
        wanted = [want(variant, self.chance.randint(1, 6)) for _ in range(self.chance.randint(1, 2))]
        await service.reserve(tx, owner, wanted, self.chance.choice(["DE", "US", None]), now() + HOUR)
        self.owners.append(owner)

    async def commit(self, tx: AsyncConnection, owner: UUID, variant: str) -> None:
        await service.commit(tx, owner)

    async def release(self, tx: AsyncConnection, owner: UUID, variant: str) -> None:
        parts = [
            (part.line_id, part.location_id, self.chance.randint(0, part.quantity + 1))
            for part in await service.allocations(tx, owner)
            if part.location_id
        ]
        await service.release(tx, owner, parts if self.chance.random() < 0.5 else None)

    async def ship(self, tx: AsyncConnection, owner: UUID, variant: str) -> None:
        parts = [part for part in await service.allocations(tx, owner) if part.location_id]
        picks = [(part.line_id, part.location_id, self.chance.randint(0, part.quantity)) for part in parts]
        await service.ship(tx, owner, [(line, place, n) for line, place, n in picks if place])
        names = {uid(name): name for name in self.on_hand}
        for part, (_, _, quantity) in zip(parts, picks, strict=True):
            self.on_hand[names[part.variant_id]] -= quantity

    async def restock(self, tx: AsyncConnection, owner: UUID, variant: str) -> None:
        quantity = self.chance.randint(1, 4)
        await service.restock(
            tx, [(uid(variant), self.chance.choice([BERLIN, NEWARK]), quantity)], "restock", None, "test"
        )
        self.on_hand[variant] += quantity

    async def expire(self, tx: AsyncConnection, owner: UUID, variant: str) -> None:
        mine = update(reservation).where(reservation.c.owner_id == owner, reservation.c.state == "HELD")
        await tx.execute(mine.values(expires_at=now() - HOUR))
        await service.release_expired(tx, 100)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_levels_hold_what_is_reserved_after_every_step(database: Database, seed: int) -> None:
    life = Life(database, seed)
    for _ in range(60):
        await life.step()
        await assert_sound(database)
        for variant, on_hand in life.on_hand.items():
            assert sum(there for there, _ in (await quantities(database, variant)).values()) == on_hand


async def test_lives_at_the_same_time_stay_sound(database: Database) -> None:
    await put(database, "mug-variant", berlin=20)

    async def live(turn: int) -> None:
        line, other = want("mug-variant", 1), want("shirt-S-White", 2)
        try:
            owner, allocated = await hold(database, *([line, other] if turn % 2 else [other, line]))
        except OutOfStock:
            return
        if turn % 3 == 0:
            await do(database, service.release, owner)
            return
        await do(database, service.commit, owner)
        picks = [(part.line_id, part.location_id, part.quantity) for part in allocated]
        if turn % 3 == 1:
            await do(database, service.ship, owner, picks)
        else:
            await do(database, service.release, owner, picks[:1])
            await do(database, service.restock, [(uid("mug-variant"), NEWARK, 1)], "restock", None, "test")

    await asyncio.gather(*(live(turn) for turn in range(40)), sweep(database), sweep(database))
    await assert_sound(database)
