"""Settings: each bad value is told by the variable's name, with a good value beside it."""

import pytest

from commerce_graph.settings import EXAMPLES, DatabaseSettings, Settings, SettingsError

GOOD = {"database_url": "postgresql://localhost/shop", "redis_url": "redis://localhost", "secret": "s" * 32}


@pytest.fixture(autouse=True)
def _empty(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in EXAMPLES:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("DATABASE_URL", "mysql://localhost/shop", "is not the URL of a PostgreSQL database"),
        ("DATABASE_URL", "shop", "is not the URL of a PostgreSQL database"),
        ("REDIS_URL", "localhost:6379", "is not the URL of a Redis server"),
        ("SECRET", "s" * 31, "is shorter than 32 characters"),
        ("PORT", "0", "should be greater than or equal to 1"),
        ("PORT", "65536", "should be less than or equal to 65535"),
        ("PORT", "http", "should be a valid integer"),
        ("PUBLIC_URL", "shop.example", "is not an http or https address without a path"),
        ("PUBLIC_URL", "https://shop.example/api", "is not an http or https address without a path"),
        ("ALLOWED_ORIGINS", "https://a.example, b.example", "has `b.example`, which is not an origin"),
        ("DATABASE_POOL_SIZE", "0", "should be greater than or equal to 1"),
        ("GRAPHIQL", "perhaps", "should be on or off"),
        ("LOG_FORMAT", "xml", "should be 'console' or 'json'"),
        ("LOG_LEVEL", "loud", "should be 'debug', 'info', 'warning' or 'error'"),
        ("WORKERS", "65", "should be less than or equal to 64"),
        ("BACKGROUND", "later", "should be on or off"),
        ("PAYMENT_CAPTURE", "never", "should be 'automatic' or 'manual'"),
        ("DOCUMENTS", "closed", "should be 'open', 'known-only' or 'locked'"),
        ("DOCUMENTS_REGISTRATION", "none", "should be 'open', 'token' or 'off'"),
        ("EXECUTOR", "fast", "should be 'breadth' or 'graphql-core'"),
        ("INTROSPECTION", "some", "should be 'on', 'token' or 'off'"),
        ("STATUS_CODES", "2025", "should be 'audited' or '2026'"),
        ("STRIPE_SECRET_KEY", "pk_live_ssssssss@", "is not a secret or restricted key of Stripe"),
        ("STRIPE_WEBHOOK_SECRET", "sk_live_ssssssss@", "is not the signing secret of a Stripe webhook"),
        ("STRIPE_API_BASE", "127.0.0.1:12111", "is not an http or https address without a path"),
        ("OPENSEARCH_URL", "search.internal:9200", "is not the http or https address of an OpenSearch node"),
        ("OPENSEARCH_URL", "ftp://search.internal", "is not the http or https address of an OpenSearch node"),
        ("OPENSEARCH_URL", "https://:9200", "is not the http or https address of an OpenSearch node"),
        ("OPENSEARCH_URL", "http://user:ssssssss@search.internal:port", "is not the http or https address of an"),
        ("OPENSEARCH_INDEX", "Shop", "should match pattern"),
        ("OPENSEARCH_INDEX", "_shop", "should match pattern"),
        ("OPENSEARCH_INDEX", "shop*", "should match pattern"),
        ("OPENSEARCH_INDEX", "s" * 101, "should match pattern"),
    ],
)
def test_bad_value_is_told(monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str) -> None:
    for variable, good in GOOD.items():
        monkeypatch.setenv(variable.upper(), good)
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as wrong:
        Settings.read()
    (line,) = str(wrong.value).splitlines()
    assert line.startswith(f"{name} {told}")
    assert f"For example: {EXAMPLES[name]}" in line
    assert "s" * 31 not in line
    assert "ssssssss@" not in line


def test_every_missing_variable_is_told() -> None:
    with pytest.raises(SettingsError) as wrong:
        Settings.read()
    assert [line.split()[0] for line in str(wrong.value).splitlines()] == ["DATABASE_URL", "REDIS_URL", "SECRET"]
    with pytest.raises(SettingsError, match="DATABASE_URL is not set"):
        DatabaseSettings.read()


def test_environment_is_read_and_what_is_given_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, good in GOOD.items():
        monkeypatch.setenv(variable.upper(), good)
    monkeypatch.setenv("PORT", "8001")
    monkeypatch.setenv("GRAPHIQL", "on")
    monkeypatch.setenv("ALLOWED_ORIGINS", "https://a.example, http://localhost:3000")
    monkeypatch.setenv("PUBLIC_URL", "https://shop.example/")
    monkeypatch.setenv("WEB_CONCURRENCY", "3")
    monkeypatch.setenv("HOST", "")
    read = Settings.read(port=8002, only=None)
    assert (read.port, read.graphiql, read.workers, read.host, read.only) == (8002, True, 3, "127.0.0.1", ())
    assert read.allowed_origins == ("https://a.example", "http://localhost:3000")
    assert (read.address, Settings.read(public_url="").address) == ("https://shop.example", "http://127.0.0.1:8001")
    assert "s" * 32 not in repr(read)


def test_search_is_in_postgres_unless_opensearch_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, good in GOOD.items():
        monkeypatch.setenv(variable.upper(), good)
    assert (Settings.read().opensearch_url, Settings.read().opensearch_index) == (None, "commerce-graph")
    monkeypatch.setenv("OPENSEARCH_URL", "https://user:pa%20ss@search.internal/prefix")
    monkeypatch.setenv("OPENSEARCH_INDEX", "s" * 100)
    read = Settings.read()
    assert read.opensearch_url
    assert read.opensearch_url.get_secret_value() == "https://user:pa%20ss@search.internal/prefix"
    assert read.opensearch_index == "s" * 100
    assert "pa%20ss" not in repr(read)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
def test_any_spelling_of_a_database_url_is_taken(scheme: str) -> None:
    read = DatabaseSettings.read(database_url=f"{scheme}://u:p@h:5432/shop?sslmode=require")
    assert read.database_url == "postgresql+asyncpg://u:p@h:5432/shop?ssl=require"


def test_settings_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings.read(**GOOD).port = 1
