"""Rate limits: whose bucket an operation is taken from, and what a caller is told whose bucket is full."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from math import ceil
from typing import Literal

from starlette.requests import HTTPConnection

from commerce_graph.kernel.auth import FORWARD_BUYER_IP, Principal
from commerce_graph.kernel.demand.buckets import Buckets, Rate
from commerce_graph.kernel.demand.charge import Charge, Status
from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.limits import FORWARDED_ADDRESSES_MAX

Mode = Literal["off", "tokens", "all"]
"""Who is throttled: nobody; admin tokens; besides, whoever else asks, by token and address."""
BUYER_IP = "shopify-storefront-buyer-ip"
COST_DEBUG = "shopify-graphql-cost-debug"
IPV6_PREFIX = 64
"""What one customer of a provider has of IPv6, and can take addresses from as he likes."""

Network = IPv4Network | IPv6Network


class Throttled(RequestError):
    """A caller's bucket has no room for the operation. `retry_after_s` says when it has."""

    def __init__(self, charge: Charge, retry_after_s: int) -> None:
        super().__init__("THROTTLED", "Throttled")
        self.retry_after_s = retry_after_s
        self.hints = {"retryAfter": retry_after_s, "hint": f"Try again in {retry_after_s} s, or ask for less at once."}
        self.extensions = {"cost": charge.told(None)}


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where a request comes from."""

    peer: str = ""
    """The address of whoever holds the connection."""
    forwarded: str = ""
    """Whom proxies say they speak for, the nearest proxy last."""
    buyer: str = ""
    """Whom a storefront's server says it speaks for."""
    debug: bool = False
    """Whether it wants to be told what it costs."""

    @classmethod
    def of(cls, connection: HTTPConnection, shown: Mapping[str, str] | None = None) -> "Visitor":
        """Return a request's or a socket's; `shown` is what a socket's client said as it began, in lower case."""
        headers = connection.headers
        said = shown or {}
        return cls(
            connection.client.host if connection.client else "",
            ",".join(headers.getlist("x-forwarded-for")),
            headers.get(BUYER_IP) or said.get(BUYER_IP, ""),
            (headers.get(COST_DEBUG) or said.get(COST_DEBUG, "")).strip() in ("1", "true"),
        )


class Throttle:
    """Charges operations to their callers. One for a process."""

    def __init__(self, buckets: Buckets, mode: Mode, rate: Rate, proxies: Sequence[Network] = ()) -> None:
        self._buckets = buckets
        self._mode = mode
        self._rate = rate
        self._proxies = tuple(proxies)

    async def charge(self, cost: int, principal: Principal, visitor: Visitor) -> Charge:
        """Take an operation's cost from its caller's bucket. 1 call of Redis at most, without Redis none.

        Raises: Throttled, RequestError(MAX_COST_EXCEEDED).
        """
        merchant = principal.token_id is not None and principal.channel_id is None
        shown = merchant or visitor.debug
        if self._mode == "off" or (self._mode == "tokens" and not merchant):
            return Charge(cost, shown=shown)
        rate = self._rate
        if cost > rate.capacity:
            told = f"the operation may cost {cost:,} points; callers have {rate.capacity:,} at most: ask for less"
            raise RequestError("MAX_COST_EXCEEDED", told)
        key = self._key(principal, merchant, visitor)
        taken = await self._buckets.take(key, rate, cost)
        if taken is None:
            return Charge(cost, shown=shown)
        status = Status(rate.capacity, taken.available, rate.per_s)
        charge = Charge(cost, status, shown, partial(self._buckets.give_back, key, rate))
        if not taken.allowed:
            raise Throttled(charge, max(1, ceil((cost - taken.available) / rate.per_s)))
        return charge

    def _key(self, principal: Principal, merchant: bool, visitor: Visitor) -> str:
        if merchant:
            return f"token:{principal.token_id}"
        buyer = _grouped(visitor.buyer) if principal.may(FORWARD_BUYER_IP) else None
        address = buyer or self._address(visitor)
        return f"token:{principal.token_id or 'none'}:{address}"

    def _address(self, visitor: Visitor) -> str:
        """Return who asked: the peer, or whom the proxies that we know name, the nearest first."""
        address = visitor.peer
        forwarded = visitor.forwarded.split(",")[-FORWARDED_ADDRESSES_MAX:]
        while forwarded and self._is_proxy(address):
            address = forwarded.pop().strip() or address
        return _grouped(address) or "unknown"

    def _is_proxy(self, address: str) -> bool:
        try:
            found = ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self._proxies)


def networks(names: Sequence[str]) -> tuple[Network, ...]:
    """Return addresses and networks (`10.0.0.0/8`) as networks. Raises: ValueError."""
    return tuple(ip_network(name, strict=False) for name in names)


def _grouped(address: str) -> str | None:
    """Return an address as what one caller has: IPv4 itself, the /64 of IPv6; None for what is no address."""
    try:
        found = ip_address(address.strip())
    except ValueError:
        return None
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return str(ip_network((int(found) >> IPV6_PREFIX << IPV6_PREFIX, IPV6_PREFIX)).network_address)
    return str(found)
