"""Settings: read from the environment once, by the command line or by app.py, and frozen from then on."""

import ssl
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from commerce_graph.kernel.caching import Cdn
from commerce_graph.kernel.demand.throttle import Mode as RateLimit
from commerce_graph.kernel.demand.throttle import networks
from commerce_graph.kernel.documents import Mode, Registration
from commerce_graph.kernel.execution.engine import ExecutorName, Introspection
from commerce_graph.kernel.limits import RATE_LIMIT_POINTS, RATE_LIMIT_RESTORE_PER_S, SUBMISSIONS_GROUP_MAX
from commerce_graph.kernel.statuses import StatusCodes

SECRET_CHARS_MIN = 32

EXAMPLES = {
    "DATABASE_URL": "DATABASE_URL=postgresql://shop:password@localhost/shop",
    "REDIS_URL": "REDIS_URL=redis://localhost:6379/0",
    "HOST": "HOST=0.0.0.0",
    "PORT": "PORT=8000",
    "SECRET": "SECRET=$(openssl rand -hex 32)",
    "PUBLIC_URL": "PUBLIC_URL=https://shop.example",
    "ALLOWED_ORIGINS": "ALLOWED_ORIGINS=https://shop.example,https://admin.example",
    "DATABASE_POOL_SIZE": "DATABASE_POOL_SIZE=10",
    "GRAPHIQL": "GRAPHIQL=on",
    "INTROSPECTION": "INTROSPECTION=token",
    "STATUS_CODES": "STATUS_CODES=2026",
    "TLS_CERT": "TLS_CERT=/etc/shop/fullchain.pem",
    "TLS_KEY": "TLS_KEY=/etc/shop/key.pem",
    "LOG_FORMAT": "LOG_FORMAT=json",
    "LOG_LEVEL": "LOG_LEVEL=info",
    "WORKERS": "WORKERS=2",
    "BACKGROUND": "BACKGROUND=off",
    "ONLY": "ONLY=catalog,pricing",
    "EXECUTOR": "EXECUTOR=breadth",
    "DOCUMENTS": "DOCUMENTS=known-only",
    "DOCUMENTS_REGISTRATION": "DOCUMENTS_REGISTRATION=token",
    "ANSWERS": "ANSWERS=off",
    "CDN": "CDN=fastly",
    "CDN_PURGE_URL": "CDN_PURGE_URL=http://varnish.internal:6081",
    "CDN_SERVICE": "CDN_SERVICE=my-service",
    "CDN_TOKEN": "CDN_TOKEN=...",
    "RATE_LIMIT": "RATE_LIMIT=all",
    "RATE_LIMIT_POINTS": "RATE_LIMIT_POINTS=500000",
    "RATE_LIMIT_RESTORE": "RATE_LIMIT_RESTORE=20000",
    "TRUSTED_PROXIES": "TRUSTED_PROXIES=10.0.0.0/8,192.0.2.7",
    "CHECKOUT_GROUP_MAX": "CHECKOUT_GROUP_MAX=64",
    "TEST_PAYMENTS": "TEST_PAYMENTS=on",
    "PAYMENT_CAPTURE": "PAYMENT_CAPTURE=manual",
    "STRIPE_SECRET_KEY": "STRIPE_SECRET_KEY=sk_live_...",
    "STRIPE_WEBHOOK_SECRET": "STRIPE_WEBHOOK_SECRET=whsec_...",
    "STRIPE_API_BASE": "STRIPE_API_BASE=http://127.0.0.1:12111",
    "OPENSEARCH_URL": "OPENSEARCH_URL=https://user:password@search.internal:9200",
    "OPENSEARCH_INDEX": "OPENSEARCH_INDEX=shop",
}
"""A good value of every variable, for the messages about bad ones."""


class SettingsError(Exception):
    """A variable is missing or wrong; the message names it and shows a good value."""


def _names(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


class _Told(BaseSettings):
    """What every command is told from outside."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", populate_by_name=True, env_ignore_empty=True)

    log_format: Literal["console", "json"] = "json"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @classmethod
    def read(cls, **given: Any) -> Self:
        """Read the environment; what is given and not None wins over it.

        Raises: SettingsError.
        """
        try:
            return cls(**{name: value for name, value in given.items() if value is not None})
        except ValidationError as wrong:
            raise SettingsError("\n".join(_told(error) for error in wrong.errors())) from None

    @field_validator("log_format", "log_level", mode="before")
    @classmethod
    def _lower(cls, value: Any) -> Any:
        return value.lower() if isinstance(value, str) else value


class RedisSettings(_Told):
    """What a command that only needs Redis is told from outside."""

    redis_url: str

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: str) -> str:
        if not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("is not the URL of a Redis server")
        return value


class DatabaseSettings(_Told):
    """What a command that only needs the database is told from outside."""

    database_url: str

    @field_validator("database_url")
    @classmethod
    def _postgres(cls, value: str) -> str:
        scheme, mark, rest = value.partition("://")
        if not mark or scheme.partition("+")[0] not in ("postgresql", "postgres"):
            raise ValueError("is not the URL of a PostgreSQL database")
        # libpq's spelling is what people copy; asyncpg calls the same thing `ssl`.
        return f"postgresql+asyncpg://{rest.replace('sslmode=', 'ssl=')}"


class SearchSettings(DatabaseSettings):
    """What a command that needs the database and the search index is told from outside."""

    opensearch_url: SecretStr | None = None
    """Where OpenSearch answers; without it PostgreSQL searches. It may hold a password."""
    opensearch_index: str = Field("commerce-graph", pattern=r"^[a-z0-9][a-z0-9_-]{0,99}$")
    """The name of the index's alias, and what the names of its indices begin with."""

    @field_validator("opensearch_url")
    @classmethod
    def _opensearch(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not _has_host(value.get_secret_value()):
            raise ValueError("is not the http or https address of an OpenSearch node")
        return value


class Settings(RedisSettings, SearchSettings):
    """What a server or a worker is told from outside."""

    secret: SecretStr
    """Seals capability ids. Changing it makes carts and guests' orders unreachable for who holds their old ids."""
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=1, le=65_535)
    public_url: str = ""
    """How browsers and buyers reach this server; `http://HOST:PORT`, or https with TLS, when empty."""
    tls_cert: Path | None = None
    """The certificate with its chain, in PEM, for a server that no proxy stands before."""
    tls_key: Path | None = None
    """The certificate's key, in PEM, without a passphrase."""
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = ()
    database_pool_size: int = Field(10, ge=1, le=1_000)
    graphiql: bool = False
    introspection: Introspection = "on"
    """Who may read the schema: everyone, callers whose token holds `write_documents`, or nobody."""
    status_codes: StatusCodes = "audited"
    """Which edition of GraphQL over HTTP says what status an answer has."""
    workers: int = Field(1, ge=1, le=64, validation_alias=AliasChoices("workers", "web_concurrency"))
    background: bool = True
    """Whether this process also relays events and runs the domains' jobs."""
    only: Annotated[tuple[str, ...], NoDecode] = ()
    """Names of the domains to serve; empty for all."""
    executor: ExecutorName = "breadth"
    """What runs operations: our breadth-first executor, or graphql-core's, which gives the same answers slower."""
    documents: Mode = "open"
    """Which documents run: any, published ones and those of trusted callers, or published ones by their id only."""
    documents_registration: Registration = "open"
    """Whose documents are kept by their hash, for automatic persisted queries."""
    answers: bool = True
    """Whether answers that are the same for many are kept in Redis and shown again while they hold."""
    cdn: Cdn = "none"
    """What stands before the server and is told of changes."""
    cdn_purge_url: str | None = None
    """Where it is told; Fastly's and Cloudflare's own API where it is not set."""
    cdn_service: str | None = None
    """Fastly's service, or Cloudflare's zone."""
    cdn_token: SecretStr | None = None
    rate_limit: RateLimit = "tokens"
    """Who is throttled: admin tokens, besides them whoever else asks, by token and address, or nobody."""
    rate_limit_points: int = Field(RATE_LIMIT_POINTS, ge=1, le=1_000_000_000)
    """How many points a caller can use at once."""
    rate_limit_restore: int = Field(RATE_LIMIT_RESTORE_PER_S, ge=1, le=1_000_000_000)
    """How many of them come back a second."""
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ()
    """Addresses and networks of the proxies before this server, whose `X-Forwarded-For` is believed."""
    checkout_group_max: int = Field(SUBMISSIONS_GROUP_MAX, ge=1, le=1_000)
    """How many submissions one transaction places; 1 places each alone."""
    test_payments: bool = False
    """Whether the test provider takes payments: then anyone can buy without paying."""
    payment_capture: Literal["automatic", "manual"] = "automatic"
    """Whether the money of an order is taken as it is placed, or when a merchant asks for it."""
    stripe_secret_key: SecretStr | None = None
    """The key of the Stripe account that takes payments; without it there is no Stripe."""
    stripe_webhook_secret: SecretStr | None = None
    """What Stripe signs its webhooks with; without it none is taken."""
    stripe_api_base: str | None = None
    """Where Stripe's API answers, for tests; Stripe itself where it is not set."""

    @field_validator("secret")
    @classmethod
    def _long(cls, value: SecretStr) -> SecretStr:
        if len(value.get_secret_value()) < SECRET_CHARS_MIN:
            raise ValueError(f"is shorter than {SECRET_CHARS_MIN} characters")
        return value

    @field_validator("stripe_secret_key")
    @classmethod
    def _stripe_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith(("sk_", "rk_")):
            raise ValueError("is not a secret or restricted key of Stripe")
        return value

    @field_validator("stripe_webhook_secret")
    @classmethod
    def _stripe_signature(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith("whsec_"):
            raise ValueError("is not the signing secret of a Stripe webhook")
        return value

    @field_validator("stripe_api_base", "cdn_purge_url")
    @classmethod
    def _stripe_base(cls, value: str | None) -> str | None:
        if value and not _is_origin(value.rstrip("/")):
            raise ValueError("is not an http or https address without a path")
        return value.rstrip("/") if value else None

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _proxies(cls, value: Any) -> Any:
        names = _names(value)
        try:
            networks(names)
        except ValueError:
            raise ValueError("has what is neither an address nor a network") from None
        return names

    @field_validator(
        "payment_capture", "executor", "documents", "documents_registration", "cdn", "rate_limit", "introspection",
        "status_codes", mode="before",
    )  # fmt: skip
    @classmethod
    def _capture(cls, value: Any) -> Any:
        return value.lower() if isinstance(value, str) else value

    @field_validator("public_url")
    @classmethod
    def _address(cls, value: str) -> str:
        if value and not _is_origin(value.rstrip("/")):
            raise ValueError("is not an http or https address without a path")
        return value.rstrip("/")

    @field_validator("allowed_origins", mode="before")
    @classmethod
    def _origins(cls, value: Any) -> Any:
        names = _names(value)
        for name in names:
            if name != "*" and not _is_origin(name):
                raise ValueError(f"has `{name}`, which is not an origin (scheme and host, no path)")
        return names

    @field_validator("only", mode="before")
    @classmethod
    def _only(cls, value: Any) -> Any:
        return _names(value)

    @model_validator(mode="after")
    def _pair(self) -> Self:
        if self.tls_cert and self.tls_key:
            try:
                # Given empty, a passphrase is not asked for on the terminal.
                ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.tls_cert, self.tls_key, password="")
            except (OSError, ValueError) as fault:  # an SSLError is an OSError
                raise _PairFault("TLS_CERT", f"and TLS_KEY cannot be used: {fault}") from None
        elif self.tls_cert or self.tls_key:
            missing = "TLS_KEY" if self.tls_cert else "TLS_CERT"
            raise _PairFault(missing, "is not set: TLS takes a certificate and its key")
        return self

    @property
    def tls(self) -> dict[str, Any]:
        """What uvicorn is told of TLS."""
        return {"ssl_certfile": self.tls_cert, "ssl_keyfile": self.tls_key} if self.tls_cert and self.tls_key else {}

    @property
    def address(self) -> str:
        """The public address of this server, without a slash at its end."""
        return self.public_url or f"{'https' if self.tls_cert else 'http'}://{self.host}:{self.port}"


class _PairFault(ValueError):
    """A fault of two variables; the message begins with what follows the name of the first."""

    def __init__(self, name: str, told: str) -> None:
        super().__init__(told)
        self.name = name


def _is_origin(value: str) -> bool:
    parts = urlsplit(value)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and value == f"{parts.scheme}://{parts.netloc}"


def _has_host(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number
        return False


def _told(error: Any) -> str:
    cause = error.get("ctx", {}).get("error")
    name = cause.name if isinstance(cause, _PairFault) else str(error["loc"][0]).upper()
    if error["type"] == "missing":
        what = "is not set"
    elif error["type"] == "value_error":
        what = str(error["ctx"]["error"])
    else:
        what = error["msg"].removeprefix("Input ").removeprefix("String ").replace("a valid boolean", "on or off")
    return f"{name} {what}. For example: {EXAMPLES.get(name, name)}"
