"""API tokens are found by their hash, and a revoked one dies within its time to live."""

import pytest
from sqlalchemy import func, text, update

from commerce_graph.kernel import tokens
from commerce_graph.kernel.auth import PARTNER_SCOPES
from commerce_graph.kernel.database import Database, count_statements
from commerce_graph.kernel.tokens import Tokens, api_token, issue_token


async def test_an_unknown_token_has_no_holder(database: Database) -> None:
    assert await Tokens(database).principal("cg_unknown") is None


async def test_a_token_is_not_stored_and_gives_its_scopes(database: Database) -> None:
    async with database.begin() as tx:
        token = await issue_token(tx, "cgp", "partner", PARTNER_SCOPES, None)
        stored = str((await tx.execute(text("SELECT jsonb_agg(to_jsonb(t)) FROM kernel.api_token t"))).scalar_one())
    found = await Tokens(database).principal(token)
    assert found is not None
    assert found.scopes == PARTNER_SCOPES
    assert token not in stored
    assert token.encode().hex() not in stored


async def test_a_known_token_costs_no_statement(database: Database) -> None:
    known = Tokens(database)
    await known.principal("test_storefront")
    with count_statements() as seen:
        assert await known.principal("test_storefront") is not None
    assert seen == []


async def test_a_revoked_token_is_refused_once_its_time_is_over(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Tokens(database)
    now = 1000.0
    monkeypatch.setattr(tokens, "monotonic", lambda: now)
    assert await known.principal("test_partner") is not None
    async with database.begin() as tx:
        await tx.execute(update(api_token).where(api_token.c.name == "partner").values(revoked_at=func.now()))
    now += tokens.PRINCIPAL_TTL_S + 0.1
    assert await known.principal("test_partner") is None
