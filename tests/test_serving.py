"""`commerce-graph serve` as strangers meet it: TLS without a proxy, and a log without anybody's secrets."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import text
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from benchmarks import machine
from commerce_graph import migration
from commerce_graph.kernel.database import Database
from commerce_graph.settings import Settings, SettingsError
from tests.conftest import Template
from tests.shop import PASSWORD, TOKENS

Certify = Callable[[bytes | None], tuple[Path, Path]]


@pytest.fixture
def certify(tmp_path: Path) -> Certify:
    """Return a maker of certificates for 127.0.0.1 that their own keys sign, with a passphrase or without."""

    def make(passphrase: bytes | None = None) -> tuple[Path, Path]:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
        now = datetime.now(UTC)
        signed = (
            x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
            .sign(key, hashes.SHA256())
        )
        hidden: serialization.KeySerializationEncryption = (
            serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
        )
        pem = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hidden)
        paths = tmp_path / "cert.pem", tmp_path / "key.pem"
        paths[0].write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        paths[1].write_bytes(key.private_bytes(*pem))
        return paths

    return make


@asynccontextmanager
async def served(database: Database, template: Template, log: Path, **more: str) -> AsyncIterator[machine.Served]:
    """Serve a shop until the block ends, told `more`."""
    async with database.begin() as tx:
        await tx.execute(text("CREATE TABLE kernel.revision (version_num text PRIMARY KEY)"))
        await tx.execute(text("INSERT INTO kernel.revision VALUES (:head)"), {"head": migration.revisions()[-1]})
    env = {
        "DATABASE_URL": database.url.replace("+asyncpg", ""), "REDIS_URL": template.servers.redis_url,
        "SECRET": "s" * 32, "BACKGROUND": "off", **more,
    }  # fmt: skip
    serving = machine.graph_served(env, log, scheme="https" if "TLS_CERT" in more else "http")
    running = await asyncio.to_thread(serving.__enter__)
    try:
        yield running
    finally:
        await asyncio.to_thread(serving.__exit__, None, None, None)


# TLS


def read(**given: Path | None) -> Settings:
    needed = {"database_url": "postgresql://localhost/shop", "redis_url": "redis://localhost", "secret": "s" * 32}
    return Settings.read(**needed, **given)


def test_tls_takes_a_certificate_and_its_key(certify: Certify, tmp_path: Path) -> None:
    cert, key = certify(None)
    for given, told in (
        ({"tls_cert": cert}, "TLS_KEY is not set"),
        ({"tls_key": key}, "TLS_CERT is not set"),
        ({"tls_cert": cert, "tls_key": tmp_path / "none"}, "TLS_CERT and TLS_KEY cannot be used"),
        ({"tls_cert": key, "tls_key": key}, "TLS_CERT and TLS_KEY cannot be used"),
    ):
        with pytest.raises(SettingsError, match=rf"^{told}.* For example: TLS_"):
            read(**given)
    assert read().tls == {}
    settings = read(tls_cert=cert, tls_key=key)
    assert (settings.address, settings.tls) == (
        "https://127.0.0.1:8000", {"ssl_certfile": cert, "ssl_keyfile": key},
    )  # fmt: skip


def test_key_with_a_passphrase_is_refused_and_not_asked_for(certify: Certify) -> None:
    cert, key = certify(b"hidden")
    with pytest.raises(SettingsError, match="TLS_CERT and TLS_KEY cannot be used"):
        read(tls_cert=cert, tls_key=key)


async def test_serve_speaks_tls_and_nothing_older_than_1_2(
    database: Database, template: Template, certify: Certify, tmp_path: Path
) -> None:
    cert, key = certify(None)
    trusted = ssl.create_default_context(cafile=str(cert))
    async with served(database, template, tmp_path / "log", TLS_CERT=str(cert), TLS_KEY=str(key)) as running:
        address = f"https://127.0.0.1:{running.port}"
        async with httpx.AsyncClient(base_url=address, verify=trusted) as client:
            answer = await client.post("/graphql", json={"query": "{ __typename }"})
            assert answer.json() == {"data": {"__typename": "Query"}}
            assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        protocol = [Subprotocol("graphql-transport-ws")]
        async with connect(f"wss://127.0.0.1:{running.port}/graphql", ssl=trusted, subprotocols=protocol) as socket:
            await socket.send('{"type": "connection_init"}')
            assert json.loads(await socket.recv()) == {"type": "connection_ack"}
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{running.port}") as client:
            with pytest.raises(httpx.HTTPError):
                await client.get("/healthz")
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        old.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises((ssl.SSLError, ConnectionResetError)):
            await asyncio.open_connection("127.0.0.1", running.port, ssl=old)
        old.maximum_version = ssl.TLSVersion.TLSv1_2  # what else was changed for it is not what it fails for
        _, writer = await asyncio.open_connection("127.0.0.1", running.port, ssl=old)
        assert writer.get_extra_info("ssl_object").version() == "TLSv1.2"
        writer.close()


# The log

PLACES = ("header", "cookie", "url", "variable", "socket", "body", "key")
PLANTED = [f"planted_{place}_0123456789abcdef" for place in PLACES]
HEADER, COOKIE, URL, VARIABLE, SOCKET, BODY, KEY = PLANTED
SIGN_IN = """mutation ($e: String!, $p: String!) {
  customerAccessTokenCreate(input: {email: $e, password: $p}) { customerAccessToken { accessToken } } }"""


async def test_log_holds_no_secret_of_anyone(database: Database, template: Template, tmp_path: Path) -> None:
    log = tmp_path / "log"
    async with served(database, template, log, LOG_LEVEL="debug") as running:
        address = f"http://127.0.0.1:{running.port}/graphql"
        known = {"X-Shopify-Storefront-Access-Token": TOKENS["storefront"]}
        async with httpx.AsyncClient() as client:
            for name in ("Authorization", "X-Shopify-Storefront-Access-Token", "X-Shopify-Access-Token"):
                told = await client.post(address, json={"query": "{ __typename }"}, headers={name: f"Bearer {HEADER}"})
                assert told.status_code == 401
            asked = {"query": "{ __typename }", "access_token": URL, "variables": json.dumps({"a": VARIABLE})}
            jar = {"Cookie": f"session={COOKIE}", "Idempotency-Key": KEY, **known}
            assert (await client.get(address, params=asked, headers=jar)).status_code == 200
            for password in (VARIABLE, PASSWORD):
                entered = {"e": "ada@example.com", "p": password}
                answer = await client.post(address, json={"query": SIGN_IN, "variables": entered}, headers=known)
                assert "errors" not in answer.json(), answer.text
            token = answer.json()["data"]["customerAccessTokenCreate"]["customerAccessToken"]["accessToken"]
            customer = {**known, "Authorization": f"Bearer {token}"}
            for body in ('{"query": "%s', '{"query": "{ %s }"}', '{"query": 1, "password": "%s"}'):
                sent = {"Content-Type": "application/json", **customer}
                assert "errors" in (await client.post(address, content=body % BODY, headers=sent)).json()
        for payload in ({"Authorization": f"Bearer {SOCKET}"}, {"Authorization": f"Bearer {token}", **known}):
            protocol = [Subprotocol("graphql-transport-ws")]
            cookie = {"Cookie": f"session={COOKIE}"}
            at = address.replace("http", "ws") + f"?token={URL}"
            async with connect(at, subprotocols=protocol, additional_headers=cookie) as socket:
                await socket.send(json.dumps({"type": "connection_init", "payload": payload}))
                with suppress(ConnectionClosed):
                    await asyncio.wait_for(socket.recv(), 30)
    written = await asyncio.to_thread(log.read_text)
    assert '"event":"request"' in written
    secrets = [*PLANTED, *TOKENS.values(), PASSWORD, token, "s" * 32]
    assert not [secret for secret in secrets if secret in written]
