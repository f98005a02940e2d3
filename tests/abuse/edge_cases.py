"""What strangers send, and what has to come of it."""

import gzip
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from commerce_graph.kernel import limits
from tests.abuse.edge import (
    BINARY,
    CLOSE,
    CLOSED,
    HELD,
    INIT,
    JSON,
    PING,
    PONG,
    TEXT,
    Attack,
    ask,
    body,
    frame,
    get,
    head,
    held,
    left,
    packed,
    raw,
    said,
    socket,
    subscribe,
)

FINE = b'{"query": "{ __typename }"}'
KIB = 1 << 10
BOUNDED = "200|400 GRAPHQL_VALIDATION_FAILED|400 FIELD_LIMIT_EXCEEDED"
"""Fields that may be merged are run or refused: what counts is that it is decided soon."""
PIECES = (limits.HEAD_BYTES_MAX + limits.URL_BYTES_MAX) // (8 * KIB) + 1
"""How many pieces of 8 KiB are one too many for a head."""
FULL = "types { name description kind fields { name description args { name description } } }"
INTROSPECTION = json.dumps({"query": "{ __schema { " + FULL + " } }"}).encode()
PAGES = "products(first: 250) { nodes { variants(first: 250) { nodes { product { id } } } } }"


def nested(depth: int) -> str:
    return "{ __schema { types " + "{ ofType " * depth + "{ name }" + " }" * depth + " } }"


def doubling(levels: int) -> str:
    parts = [f"fragment f{at} on Query {{ ...f{at + 1} ...f{at + 1} }}" for at in range(levels)]
    return "\n".join(["{ ...f0 }", *parts, f"fragment f{levels} on Query {{ __typename }}"])


def extended(**persisted: Any) -> Attack:
    return ask("{ __typename }", extensions={"persistedQuery": persisted})


def url(**parameters: str) -> str:
    return "/graphql?" + "&".join(f"{name}={quote(value)}" for name, value in parameters.items())


def chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n", **headers: str | None) -> Attack:
    told = [b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks]
    return raw(b"".join([head("POST", content_type=JSON, transfer_encoding="chunked", **headers), *told, end]))


MALFORMED: Mapping[str, tuple[Attack, str]] = {
    "no body": (body(b""), "400 BAD_REQUEST"),
    "NUL bytes": (body(b"\0" * 1_000), "400 BAD_REQUEST"),
    "not JSON": (body(b"NONSENSE"), "400 BAD_REQUEST"),
    "JSON that is cut off": (body(b'{"query": "{ __type'), "400 BAD_REQUEST"),
    "JSON twice": (body(FINE * 2), "400 BAD_REQUEST"),
    "null": (body(b"null"), "400 BAD_REQUEST"),
    "a number": (body(b"1"), "400 BAD_REQUEST"),
    "a string": (body(b'"{ __typename }"'), "400 BAD_REQUEST"),
    "an empty list": (body(b"[]"), "400 BAD_REQUEST"),
    "bytes that are not UTF-8": (body(b'{"query": "\xff\xfe"}'), "400 BAD_REQUEST"),
    "UTF-16": (body(FINE.decode().encode("utf-16")), "400 BAD_REQUEST"),
    "a byte order mark": (body(b"\xef\xbb\xbf" + FINE), "400 BAD_REQUEST"),
    "NaN": (body(b'{"query": "{ __typename }", "variables": {"a": NaN}}'), "400 BAD_REQUEST"),
    "a number beyond all bounds": (
        body(b'{"query": "{ __typename }", "variables": {"a": 1e99999}}'),
        "400 BAD_REQUEST",
    ),
    "an integer of 900,000 digits": (
        body(b'{"query": "{ __typename }", "variables": {"a": %s}}' % (b"9" * 900_000)),
        "400 BAD_REQUEST",
    ),
    "half of a surrogate pair": (body(rb'{"query": "{ __typename \ud800 }"}'), "400 BAD_REQUEST"),
    "the query twice, last as a number": (body(b'{"query": "{ __typename }", "query": 1}'), "400 BAD_REQUEST"),
    "lists in lists, 400,000 deep": (body(b"[" * 400_000 + b"]" * 400_000), "400 BAD_REQUEST"),
    "objects in objects, 100,000 deep": (
        body(b'{"query": "{ __typename }", "variables": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001),
        "400 BAD_REQUEST",
    ),
    "no query": (body(b"{}"), "400 BAD_REQUEST"),
    "an empty query": (ask(""), "400 BAD_REQUEST"),
    "a query that is an object": (ask({"a": 1}), "400 BAD_REQUEST"),
    "variables that are a list": (ask("{ __typename }", [1]), "400 BAD_REQUEST"),
    "variables that are a text": (ask("{ __typename }", "{}"), "400 BAD_REQUEST"),
    "an operation name that is a list": (ask("{ __typename }", operationName=["a"]), "400 BAD_REQUEST"),
    "extensions that are a list": (ask("{ __typename }", extensions=[]), "400 BAD_REQUEST"),
    "a batch of one": (body(b"[%s]" % FINE), "400 BAD_REQUEST"),
    "a batch of 30,000": (body(b"[%s]" % b",".join([FINE] * 30_000)), "400 BAD_REQUEST"),
    "70,000 members that nobody knows": (
        body(json.dumps({"query": "{ __typename }", **{f"k{at}": 1 for at in range(70_000)}}).encode()),
        "200",
    ),
    "900,000 spaces before it": (body(b" " * 900_000 + FINE), "200"),
    "a persisted query of version 2": (extended(version=2, sha256Hash="0" * 64), "400 BAD_REQUEST"),
    "a hash that is none": (extended(version=1, sha256Hash="../../etc/passwd"), "400 BAD_REQUEST"),
    "a hash of another text": (extended(version=1, sha256Hash="0" * 64), "400 PERSISTED_QUERY_HASH_MISMATCH"),
    "a document id of 900,000 characters": (
        body(json.dumps({"documentId": "a" * 900_000}).encode()),
        "400 BAD_REQUEST",
    ),
    "a document id with commands of Redis": (
        body(json.dumps({"documentId": "a\r\nFLUSHALL\r\n"}).encode()),
        "400 BAD_REQUEST",
    ),
    "a document id beside a query": (ask("{ __typename }", documentId="abc"), "400 BAD_REQUEST"),
}

SIZES: Mapping[str, tuple[Attack, str]] = {
    "a body one byte too long": (body(FINE.ljust(limits.BODY_BYTES_MAX + 1)), "413 PAYLOAD_TOO_LARGE"),
    "chunks that are too long together": (chunked(*[b" " * 50_000] * 21), "413 PAYLOAD_TOO_LARGE"),
    "a length of 10 GB": (
        raw(head("POST", content_type=JSON, content_length="10000000000")),
        "413 PAYLOAD_TOO_LARGE",
    ),
    "a length that is negative": (raw(head("POST", content_type=JSON, content_length="-1")), "400"),
    "a length that is no number": (raw(head("POST", content_type=JSON, content_length="1e3")), "400"),
    "a length beyond 64 bits": (raw(head("POST", content_type=JSON, content_length="9" * 30)), "400"),
    "two lengths": (
        raw(head("POST", content_type=JSON, content_length=f"{len(FINE)}\r\nContent-Length: 5") + FINE),
        "400",
    ),
    "a length and chunks": (chunked(FINE, content_length=str(len(FINE))), "400"),
    "a chunk beyond 64 bits": (
        raw(head("POST", content_type=JSON, transfer_encoding="chunked"), b"F" * 20 + b"\r\n"),
        "400",
    ),
    "a chunk with a name that does not end": (
        # What comes in one read with the head is not counted.
        raw(head("POST", content_type=JSON, transfer_encoding="chunked"), b"1;", *[b"a" * 8 * KIB] * (PIECES + 40)),
        f"431|{CLOSED}",
    ),
    "trailers that do not end": (
        raw(
            head("POST", content_type=JSON, transfer_encoding="chunked"),
            b"1\r\n{\r\n0\r\n",
            *[b"t: " + b"a" * 8_000 + b"\r\n"] * (PIECES + 2),
        ),
        f"431|{CLOSED}",
    ),
    "a bomb of gzip": (body(gzip.compress(b"0" * 50_000_000), content_encoding="gzip"), "415 UNSUPPORTED_MEDIA_TYPE"),
    "an encoding that nobody knows": (body(FINE, content_encoding="br, gzip"), "415 UNSUPPORTED_MEDIA_TYPE"),
    "a transfer encoding that nobody knows": (
        raw(head("POST", content_type=JSON, transfer_encoding="gzip") + FINE),
        "400",
    ),
    "an address that is too long": (get(url(query="{ __typename }", a="a" * limits.URL_BYTES_MAX)), "414"),
    "an address that does not end": (raw(b"GET /graphql?a=", *[b"a" * 8 * KIB] * PIECES), "414"),
    "a header that is too long": (get("/graphql", x="a" * limits.HEAD_BYTES_MAX), "431"),
    "8,000 headers": (get("/graphql", **{f"x{at}": "a" for at in range(8_000)}), "431"),
    "a header that does not end": (raw(b"GET / HTTP/1.1\r\nX: ", *[b"a" * 8 * KIB] * PIECES), "431"),
    "the name of a header that does not end": (raw(b"GET / HTTP/1.1\r\n", *[b"a" * 8 * KIB] * PIECES), "431"),
    "empty lines without end": (raw(*[b"\r\n" * 4 * KIB] * PIECES), "431"),
    "a token of 30,000 characters": (
        body(FINE, x_shopify_storefront_access_token="a" * 30_000),
        "401 UNAUTHORIZED",
    ),
    "a request id of 30,000 characters": (body(FINE, x_request_id="a" * 30_000), "200"),
    "3,000 kinds that are accepted": (body(FINE, accept=",".join(["a/b;q=0.1"] * 3_000)), "200"),
}

PROTOCOL: Mapping[str, tuple[Attack, str]] = {
    "bytes at random": (raw(bytes(range(256)) * 4), "400"),
    "the beginning of TLS": (raw(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500), "400"),
    "the beginning of HTTP/2": (raw(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "400"),
    "a version that nobody knows": (raw(b"GET / HTTP/9.9\r\n\r\n"), "400"),
    "a method that nobody knows": (raw(b"HACK / HTTP/1.1\r\n\r\n"), "400"),
    "a header with NUL": (raw(b"GET /graphql HTTP/1.1\r\nX: a\0b\r\n\r\n"), "400"),
    "a header without a colon": (raw(b"GET /graphql HTTP/1.1\r\nnonsense\r\n\r\n"), "400"),
    "a space before the colon": (raw(b"POST /graphql HTTP/1.1\r\nContent-Length : 5\r\n\r\nhello"), "400"),
    "lines that end in LF": (raw(b"GET /graphql HTTP/1.1\nHost: shop.test\n\n"), "400"),
    "a token that is not ASCII": (body(FINE, authorization="Bearer \xff\xfe\xfd"), "401 UNAUTHORIZED"),
    "500 requests at once on one connection": (raw(head("GET", "/healthz") * 500), "200"),
    "a path out of the folder": (get("/static/../../../../etc/passwd"), "404"),
    "a path out of the folder, in disguise": (get("/static/%2e%2e/%2e%2e/%2e%2e/etc/passwd"), "404"),
    "a path with NUL": (get("/static/a%00b"), "404"),
    "a path that is not UTF-8": (get("/static/%ff%fe"), "404"),
    "a file name that is too long": (get("/static/" + "a" * 5_000), "404"),
    "a picture that nobody drew": (get("/media/" + "a" * 5_000 + ".svg"), "404"),
    "PUT": (get("/graphql", "PUT"), "405 METHOD_NOT_ALLOWED"),
    "DELETE": (get("/graphql", "DELETE"), "405 METHOD_NOT_ALLOWED"),
    "TRACE": (get("/graphql", "TRACE"), "405 METHOD_NOT_ALLOWED"),
    "a mutation by GET": (get(url(query="mutation { __typename }")), "405 METHOD_NOT_ALLOWED"),
    "variables by GET that are not JSON": (get(url(query="{ __typename }", variables="{")), "400 BAD_REQUEST"),
    "a kind of answer that is not spoken": (body(FINE, accept="application/xml"), "406 NOT_ACCEPTABLE"),
    "a subscription by POST": (ask("subscription { orderUpdated { id } }"), "400 BAD_REQUEST"),
    "a key of 5,000 characters": (
        body(b'{"query": "mutation { __typename }"}', idempotency_key="a" * 5_000),
        "400 IDEMPOTENCY_KEY_INVALID",
    ),
    "a webhook that nobody signed": (body(b"{}", "/webhooks/stripe"), "404"),
}

FOREIGN: Mapping[str, tuple[Attack, str]] = {
    **{
        f"a foreign page sends {kind or 'no type'}": (
            body(b'{"query": "mutation { __typename }"}', content_type=kind, origin="https://evil.example"),
            "415 UNSUPPORTED_MEDIA_TYPE",
        )
        for kind in (
            "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", None,
            "text/plain; application/json", "application/json-patch+json", "application/json; charset=utf-16",
        )
    },
    "a foreign page asks whether it may": (
        get("/graphql", "OPTIONS", origin="https://evil.example", access_control_request_method="POST"),
        "400",
    ),
    "a foreign page opens a socket": (socket(origin="https://evil.example"), "403"),
    "a page without an origin opens a socket": (socket(origin="null"), "403"),
    "a page of a name that begins like ours opens a socket": (socket(origin="http://shop.test.evil.example"), "403"),
}  # fmt: skip

DOCUMENTS: Mapping[str, tuple[Attack, str]] = {
    "a document that is cut off": (ask("{ shop { name"), "400 GRAPHQL_PARSE_FAILED"),
    "30,000 tokens": (ask("{ " + "a " * 30_000 + "}"), "400 TOKEN_LIMIT_EXCEEDED"),
    "2,600 aliases": (
        ask("{ shop { " + " ".join(f"a{at}: name" for at in range(2_600)) + " } }"),
        "400 ALIAS_LIMIT_EXCEEDED",
    ),
    "51 fields at the root": (
        ask("{ " + " ".join(f"a{at}: __typename" for at in range(limits.DOCUMENT_ROOT_FIELDS_MAX + 1)) + " }"),
        "400 FIELD_LIMIT_EXCEEDED",
    ),
    "2,000 fields at the root of a mutation": (
        ask("mutation { " + " ".join(f"a{at}: __typename" for at in range(2_000)) + " }"),
        "400 ALIAS_LIMIT_EXCEEDED",
    ),
    "a field 4,000 times": (ask("{ shop { " + "name " * 4_000 + "} }"), BOUNDED),
    "a field with a selection 1,500 times": (ask("{ shop { " + "primaryDomain { url } " * 1_500 + "} }"), BOUNDED),
    "a field 60 times in 60 fragments": (
        ask(
            "{ shop { " + " ".join(f"...f{at}" for at in range(60)) + " } } "
            + " ".join(f"fragment f{at} on Shop {{ {'name ' * 60} }}" for at in range(60))
        ),
        BOUNDED,
    ),
    "1,000 fields that differ in one argument": (
        ask("{ " + " ".join(f'product(handle: "{at}") {{ id }}' for at in range(1_000)) + " }"),
        "400 FIELD_LIMIT_EXCEEDED",
    ),
    "fragments that double 60 times": (ask(doubling(60)), "400 DEPTH_LIMIT_EXCEEDED"),
    "a fragment in itself": (ask("{ ...f } fragment f on Query { ...f }"), "400 GRAPHQL_VALIDATION_FAILED"),
    "a ring of 500 fragments": (
        ask("{ ...f0 } " + " ".join(f"fragment f{at} on Query {{ ...f{(at + 1) % 500} }}" for at in range(500))),
        "400 FRAGMENT_LIMIT_EXCEEDED",
    ),
    "a chain of 1,200 fragments": (
        ask(
            "{ ...f0 } " + " ".join(f"fragment f{at} on Query {{ ...f{at + 1} }}" for at in range(1_200))
            + " fragment f1200 on Query { __typename }"
        ),
        "400 FRAGMENT_LIMIT_EXCEEDED",
    ),
    "1,000 fragments that nobody uses": (
        ask("{ __typename } " + " ".join(f"fragment f{at} on Query {{ __typename }}" for at in range(1_000))),
        "400 FRAGMENT_LIMIT_EXCEEDED",
    ),
    "1,500 fragments in a field": (ask("{ " + "... { __typename } " * 1_500 + "}"), BOUNDED),
    "a directive 1,200 times on a field": (
        ask("{ __typename " + "@skip(if: false) " * 1_200 + "}"),
        "400 DIRECTIVE_LIMIT_EXCEEDED",
    ),
    "3,000 directives that nobody knows": (
        ask("{ __typename " + " ".join(f"@d{at}" for at in range(3_000)) + " }"),
        "400 DIRECTIVE_LIMIT_EXCEEDED",
    ),
    "one level too deep": (
        ask("{ " + "node { " * limits.DOCUMENT_DEPTH_MAX + "id" + " }" * limits.DOCUMENT_DEPTH_MAX + " }"),
        "400 DEPTH_LIMIT_EXCEEDED",
    ),
    "3,000 levels": (ask("{ a " * 3_000 + "}" * 3_000), "400 GRAPHQL_PARSE_FAILED"),
    "lists in lists in an argument": (
        ask("{ nodes(ids: " + "[" * 4_000 + "]" * 4_000 + ") { id } }"),
        "400 GRAPHQL_PARSE_FAILED",
    ),
    "objects in objects in an argument": (
        ask("{ products(first: 1, query: " + "{a: " * 2_000 + "1" + "}" * 2_000 + ") { nodes { id } } }"),
        "400 GRAPHQL_PARSE_FAILED",
    ),
    "lists in lists in a variable's type": (
        ask("query ($a: " + "[" * 4_000 + "Int" + "]" * 4_000 + ") { __typename }"),
        "400 GRAPHQL_PARSE_FAILED",
    ),
    "2,000 variables": (
        ask("query (" + " ".join(f"$v{at}: Int" for at in range(2_000)) + ") { __typename }"),
        "400 VARIABLE_LIMIT_EXCEEDED",
    ),
    "a list of 4,000 ids": (
        ask("{ nodes(ids: [" + '"a" ' * 4_000 + "]) { id } }"),
        "200 BAD_USER_INPUT",
    ),
    "a list of 150,000 nothings": (
        ask("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": [None] * 150_000}),
        "400 COST_LIMIT_EXCEEDED",
    ),
    "60,000 variables that nobody asked for": (
        ask("{ __typename }", {f"v{at}": at for at in range(60_000)}),
        "200",
    ),
    "a text of 900,000 characters": (ask('{ product(handle: "' + "a" * 900_000 + '") { id } }'), "200"),
    "a block of 400,000 lines": (ask('{ product(handle: """' + "\n" * 400_000 + '""") { id } }'), "200"),
    "900,000 characters of remarks": (ask("#" * 900_000 + "\n{ __typename }"), "200"),
    "an integer of 100,000 digits": (
        ask("{ products(first: " + "9" * 100_000 + ") { nodes { id } } }"),
        "400 GRAPHQL_VALIDATION_FAILED",
    ),
    "a name of 900,000 characters": (ask("query " + "a" * 900_000 + " { __typename }"), "200"),
    "a field with a name of 900,000 characters": (ask("{ " + "a" * 900_000 + " }"), "400 GRAPHQL_VALIDATION_FAILED"),
    "1,000 operations, none of them named": (
        ask(" ".join(f"query q{at} {{ __typename }}" for at in range(1_000))),
        "400 OPERATION_LIMIT_EXCEEDED",
    ),
    "types of types, 20 deep": (ask(nested(20)), "400 DEPTH_LIMIT_EXCEEDED"),
    "a ring in introspection": (
        ask("{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }"),
        "400 GRAPHQL_VALIDATION_FAILED",
    ),
    "the schema 50 times": (
        ask("{ " + " ".join(f"a{at}: __schema {{ {FULL} }}" for at in range(50)) + " }"),
        "400 FIELD_LIMIT_EXCEEDED",
    ),
    "its types 300 times, by a fragment": (
        ask(
            "{ __schema { " + " ".join(f"a{at}: types {{ ...f }}" for at in range(300)) + " } } "
            "fragment f on __Type { name fields { name description type { name fields { name } } } }"
        ),
        "400 FIELD_LIMIT_EXCEEDED",
    ),
    "a type 49 times": (
        ask(
            "{ " + " ".join(f'a{at}: __type(name: "Mutation") {{ ...f }}' for at in range(49)) + " } "
            "fragment f on __Type { fields { args { type { inputFields { name } } } type { fields { name } } } }"
        ),
        "400 FIELD_LIMIT_EXCEEDED",
    ),
    "pages in pages": (ask("{ " + PAGES + " }"), "400 COST_LIMIT_EXCEEDED"),
    "a page that is too long": (ask("{ products(first: 251) { nodes { id } } }"), "200 BAD_USER_INPUT"),
    "a page of less than nothing": (ask("{ products(first: -1) { nodes { id } } }"), "200 BAD_USER_INPUT"),
    "a cursor that nobody gave": (ask('{ products(first: 1, after: "AAAA") { nodes { id } } }'), "200 BAD_USER_INPUT"),
    "an id that nobody gave": (ask("{ node(id: \"gid://shopify/Product/'; DROP TABLE\") { id } }"), "200 INVALID_ID"),
    "a market that is none": (
        ask("query @inContext(country: XX) { __typename }"),
        "400 GRAPHQL_VALIDATION_FAILED",
    ),
    "a search of 1,001 characters": (
        ask("query ($q: String) { products(first: 1, query: $q) { nodes { id } } }", {"q": "a" * 1_001}),
        "200 BAD_USER_INPUT",
    ),
    "a search of 1,000 parentheses": (
        ask("query ($q: String) { products(first: 1, query: $q) { nodes { id } } }", {"q": "(" * 1_000}),
        "200",
    ),
    "a search of 51 terms": (
        ask("query ($q: String) { products(first: 1, query: $q) { nodes { id } } }", {"q": "a OR " * 50 + "a"}),
        "200 BAD_USER_INPUT",
    ),
    "a search that would be SQL": (
        ask("query ($q: String) { products(first: 1, query: $q) { nodes { id } } }", {"q": "title:'; DROP TABLE x;--"}),
        "200",
    ),
    "a search with NUL": (
        ask("query ($q: String) { products(first: 1, query: $q) { nodes { id } } }", {"q": "a\0b"}),
        "200",
    ),
}  # fmt: skip

SOCKETS: Mapping[str, tuple[Attack, str]] = {
    "a protocol that is not spoken": (socket(protocol="graphql-ws"), "4406"),
    "a message that is not JSON": (socket(frame("{")), "4400"),
    "a message of bytes": (socket(frame(b"\0\1\2", BINARY)), "4400"),
    "a message without a type": (socket(frame("{}")), "4400"),
    "a message of 10,000 levels": (socket(frame("[" * 10_000)), "4400"),
    "a text that is not UTF-8": (socket(frame(b"\xff\xfe")), "1007"),
    "an operation before the greeting": (socket(subscribe("{ __typename }"), init=False), "4401"),
    "a second greeting": (socket(INIT), "4429"),
    "no greeting": (socket(init=False), "4408"),
    "an id of 1,000 characters": (socket(subscribe("{ __typename }", id="a" * 1_000)), "4400"),
    "a token that is unknown": (
        socket(said("connection_init", payload={"Authorization": "Bearer stolen"}), init=False),
        "4403",
    ),
    "a message that is too long": (socket(frame(" " * (limits.WEBSOCKET_MESSAGE_BYTES_MAX + 1))), "1009"),
    "a bomb of compression": (
        socket(packed(b"0" * 100_000_000), sec_websocket_extensions="permessage-deflate"),
        "1009",
    ),
    "pieces without end": (
        socket(frame(b" ", TEXT, last=False), *[frame(b" " * 100_000, 0, last=False)] * 11),
        "1009",
    ),
    "a frame without a mask": (socket(frame("{}", masked=False)), "1002"),
    "a frame of a kind that nobody knows": (socket(frame("{}", 11)), "1002"),
    "a ping of 200 bytes": (socket(frame(b"a" * 200, PING)), "1002"),
    "an end with a code that is none": (socket(frame(b"\0\1", CLOSE)), "1002"),
    "3,000 aliases over a socket": (
        socket(subscribe("{ " + " ".join(f"a{at}: __typename" for at in range(3_000)) + " }")),
        "ALIAS_LIMIT_EXCEEDED",
    ),
    "fragments that double over a socket": (socket(subscribe(doubling(60))), "DEPTH_LIMIT_EXCEEDED"),
    "3,000 levels over a socket": (socket(subscribe("{ a " * 3_000 + "}" * 3_000)), "GRAPHQL_PARSE_FAILED"),
    "a subscription to nothing": (socket(subscribe("subscription { nothing }")), "GRAPHQL_VALIDATION_FAILED"),
}

HANGING: Mapping[str, tuple[Attack, str]] = {
    "500 connections that say nothing": (held(500), HELD),
    "300 heads that stop": (held(300, b"POST /graphql HTTP/1.1\r\nHost: shop.test\r\nX: "), HELD),
    "300 bodies that stop": (held(300, head("POST", content_type=JSON, content_length="500000"), b"{" * 1_000), HELD),
    "200 bodies of which half is there": (
        held(200, head("POST", content_type=JSON, content_length="999999"), b" " * 60_000),
        HELD,
    ),
    "40 answers that nobody reads": (
        held(40, head("POST", content_type=JSON, content_length=str(len(INTROSPECTION))), INTROSPECTION),
        HELD,
    ),
    "200 clients that leave before the answer": (
        left(200, head("POST", content_type=JSON, content_length=str(len(FINE))), FINE),
        HELD,
    ),
    "200 clients that leave in the middle": (
        left(200, head("POST", content_type=JSON, content_length="50"), b"{"),
        HELD,
    ),
    "200 sockets without a greeting": (held(200, upgraded=True), HELD),
    "50 sockets with 100 operations": (
        held(50, INIT, *(subscribe("{ shop { name } }", id=str(at)) for at in range(100)), upgraded=True),
        HELD,
    ),
    "50,000 pings whose answers nobody reads": (held(5, INIT, said("ping") * 10_000, upgraded=True), HELD),
    "frames without end that say nothing": (held(5, INIT, frame("", PONG) * 500_000, upgraded=True), HELD),
    "pings of the transport whose answers nobody reads": (
        held(5, INIT, frame("a" * 125, PING) * 200_000, upgraded=True),
        HELD,
    ),
    "100 sockets in the middle of a frame": (held(100, INIT, frame(b" " * 900_000)[:60_000], upgraded=True), HELD),
}

CASES = {**MALFORMED, **SIZES, **PROTOCOL, **FOREIGN, **DOCUMENTS, **SOCKETS, **HANGING}
