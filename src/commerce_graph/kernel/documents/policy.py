"""Which documents run for whom: any text, what was published, or what a hash of it has made known."""

from collections import OrderedDict
from dataclasses import dataclass, replace
from hashlib import sha256
from time import monotonic
from typing import Literal

from commerce_graph.kernel.auth import WRITE_DOCUMENTS, Principal
from commerce_graph.kernel.documents.store import Store
from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.execution import Refused
from commerce_graph.kernel.limits import DOCUMENT_CACHE_ENTRIES, DOCUMENT_RECHECK_S, DOCUMENT_STORED_BYTES_MAX
from commerce_graph.kernel.parameters import Parameters
from commerce_graph.kernel.scripts import Unavailable

Mode = Literal["open", "known-only", "locked"]
"""`open`: any text runs. `known-only`: what was published runs, and any text of callers with WRITE_DOCUMENTS.
`locked`: what was published runs, by its id only."""

Registration = Literal["open", "token", "off"]
"""Whose texts are kept by their hash: of everyone who may send text, of callers with WRITE_DOCUMENTS, of nobody."""

PUBLISH = "publish it with `commerce-graph documents publish`"
(SCOPE,) = WRITE_DOCUMENTS


@dataclass(slots=True)
class _Known:
    text: str
    published: bool
    recheck_at: float


class Documents:
    """Finds the text that a request stands for, and keeps texts that come with their hash. One for a process.

    A registered document is a text that came in two halves: only who may send text may use it.

    Limits: DOCUMENT_CACHE_ENTRIES are remembered, the least recently used leaves first. Redis is asked again for each
    after DOCUMENT_RECHECK_S, so that what was taken away is gone within that, and what is used does not expire.
    """

    def __init__(self, store: Store, mode: Mode = "open", registration: Registration = "open") -> None:
        self._store = store
        self._mode = mode
        self._registration = registration
        self._known: OrderedDict[str, _Known] = OrderedDict()

    async def find(self, asked: Parameters, principal: Principal) -> Parameters | Refused:
        """Return the request with the text to run, and with an id only where that is still to be kept.

        At most 1 call; none for text where any runs, nor for what this process remembers.
        Refuses: PERSISTED_QUERY_NOT_FOUND | PERSISTED_QUERY_NOT_SUPPORTED | PERSISTED_DOCUMENT_NOT_FOUND |
        PERSISTED_DOCUMENT_REQUIRED.
        Raises: RequestError(PERSISTED_QUERY_HASH_MISMATCH | DOCUMENTS_UNAVAILABLE).
        """
        if asked.query:
            return await self._sent(asked, principal)
        assert asked.document_id
        text = await self._text(asked.document_id, principal, asked.automatic)
        return self._missing(asked, principal) if text is None else replace(asked, query=text, document_id=None)

    async def keep(self, asked: Parameters, principal: Principal) -> None:
        """Register a document that is good to run, where its caller may. At most 1 call.

        Limits: DOCUMENT_STORED_BYTES_MAX; a longer one runs and is not kept. Without Redis this process alone knows it.
        """
        id = asked.document_id
        if id is None or not self._may_register(principal) or len(asked.query.encode()) > DOCUMENT_STORED_BYTES_MAX:
            return
        known = self._known.get(id)
        if known and monotonic() < known.recheck_at:
            return
        try:
            await self._store.register(id, asked.query)
            recheck_at = monotonic() + DOCUMENT_RECHECK_S
        except Unavailable:
            recheck_at = 0.0
        self._remember(id, _Known(asked.query, False, recheck_at))

    async def _sent(self, asked: Parameters, principal: Principal) -> Parameters | Refused:
        if asked.document_id and asked.document_id != _hash(asked.query):
            told = "provided sha does not match query: `sha256Hash` is the SHA-256 of the text of `query`, in UTF-8"
            raise RequestError("PERSISTED_QUERY_HASH_MISMATCH", told, status=400)
        if self._may_send(principal):
            return asked
        if self._mode == "known-only" and await self._text(_hash(asked.query), principal, automatic=False) is not None:
            return replace(asked, document_id=None)
        told = f"this server runs only documents that were published: {PUBLISH}"
        way = f", or send it with a token that holds {SCOPE}" if self._mode == "known-only" else ", and send its id"
        return _refused("PERSISTED_DOCUMENT_REQUIRED", told + way)

    async def _text(self, id: str, principal: Principal, automatic: bool) -> str | None:
        known = self._known.get(id)
        usable = known is not None and (known.published or self._may_send(principal))
        if known and usable:
            self._known.move_to_end(id)
            if monotonic() < known.recheck_at:
                return known.text
            known.recheck_at = monotonic() + DOCUMENT_RECHECK_S  # the others need not ask, too
        try:
            found = await self._store.find(id)
        except Unavailable:
            if known and usable:
                return known.text
            raise self._unavailable(principal, automatic) from None
        if found is None:
            self._known.pop(id, None)
            return None
        text, published = found
        self._remember(id, _Known(text, published, monotonic() + DOCUMENT_RECHECK_S))
        return text if published or self._may_send(principal) else None

    def _remember(self, id: str, known: _Known) -> None:
        self._known[id] = known
        self._known.move_to_end(id)
        if len(self._known) > DOCUMENT_CACHE_ENTRIES:
            self._known.popitem(last=False)

    def _missing(self, asked: Parameters, principal: Principal) -> Refused:
        # The messages are the ones that Apollo's clients look for. After `NotSupported` they send no hash any more, not
        # even of what is published, so it is for those who can do without.
        if asked.automatic and self._may_send(principal) and not self._may_register(principal):
            return _refused("PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported")
        if asked.automatic:
            return _refused("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound")
        text = ", or send its text as `query`" if self._may_send(principal) else ""
        told = f"there is no document `{asked.document_id}`: {PUBLISH}{text}"
        return _refused("PERSISTED_DOCUMENT_NOT_FOUND", told)

    def _unavailable(self, principal: Principal, automatic: bool) -> RequestError:
        told = "documents cannot be looked up at the moment: try again in a moment"
        if self._may_send(principal):
            # Whoever speaks Apollo's protocol sends the text at once where the message is this one, and is served.
            told = "PersistedQueryNotFound" if automatic else f"{told}, or send the text as `query`"
        return RequestError("DOCUMENTS_UNAVAILABLE", told, status=503)

    def _may_send(self, principal: Principal) -> bool:
        return self._mode == "open" or (self._mode == "known-only" and principal.may(WRITE_DOCUMENTS))

    def _may_register(self, principal: Principal) -> bool:
        if self._registration == "off" or not self._may_send(principal):
            return False
        return self._registration == "open" or principal.may(WRITE_DOCUMENTS)


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _refused(code: str, message: str) -> Refused:
    return Refused([{"message": message, "extensions": {"code": code}}])
