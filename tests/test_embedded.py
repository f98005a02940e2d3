"""The embedded servers: alone on their folder, and started again whatever ended the last run."""

import os
from pathlib import Path

import pytest
from sqlalchemy import text

from commerce_graph.embedded import DataFolderInUse, EmbeddedFault, Servers, embedded
from commerce_graph.kernel.database import Database


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("embedded") / "data"


async def answer(servers: Servers, statement: str) -> object:
    database = Database(servers.database_url, pool_size=1)
    async with database.begin() as tx:
        result = await tx.execute(text(statement))
        found = result.scalar() if result.returns_rows else None
    await database.close()
    return found


async def test_folder_is_held_by_one_process_at_a_time_and_keeps_what_is_written(data: Path) -> None:
    told: list[str] = []
    with embedded(data, told.append) as servers:
        with pytest.raises(DataFolderInUse, match="another commerce-graph runs on the data folder"), embedded(data):
            pass
        await answer(servers, "CREATE TABLE kept AS SELECT 42 AS value")
    assert told == ["starting PostgreSQL", "starting Redis", "stopping"]
    with embedded(data) as servers:
        assert await answer(servers, "SELECT value FROM kept") == 42


async def test_pid_of_a_dead_server_that_another_program_has_now_does_no_harm(data: Path) -> None:
    with embedded(data):
        lines = (data / "postgres" / "postmaster.pid").read_text().splitlines()
    lines[0] = str(os.getpid())
    (data / "postgres" / "postmaster.pid").write_text("\n".join([*lines, ""]))
    with embedded(data) as servers:
        assert await answer(servers, "SELECT 1") == 1


async def test_initialisation_that_was_interrupted_is_begun_anew(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "postgres").mkdir(parents=True)
    (data / "postgres" / "PG_VERSION").write_text("18\n")
    with embedded(data) as servers:
        assert await answer(servers, "SELECT 1") == 1


async def test_who_has_no_redis_beside_their_python_is_told_what_to_do(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("commerce_graph.embedded.find_spec", lambda name: None)
    with pytest.raises(EmbeddedFault, match="run `make serve`, or set REDIS_URL"), embedded(data):
        pass
