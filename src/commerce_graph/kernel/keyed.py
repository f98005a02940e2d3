"""Keyed reads of one operation: collected for a turn of the event loop, read together, each key once."""

import asyncio
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping, Sequence
from typing import Any

ReadMany = Callable[[list[Any]], Awaitable[Sequence[Any]]]
"""Shape: n keys → n results in order; an exception among them is that key's own."""


class _Batch:
    """Keys that are read together, each once."""

    __slots__ = ("fault", "keys", "over", "waiting")

    def __init__(self) -> None:
        self.keys: dict[Any, None] = {}
        self.waiting: list[asyncio.Future[None]] = []
        self.fault: BaseException | None = None
        self.over = False

    async def ended(self) -> None:
        """Wait until it was read. Raises: what reading it raised."""
        if not self.over:
            # One each: who is cancelled must not take the others along.
            mine = asyncio.get_running_loop().create_future()
            self.waiting.append(mine)
            await mine
        if self.fault is not None:
            raise self.fault

    def end(self, fault: BaseException | None = None) -> None:
        """Let those who wait go on."""
        self.fault = fault
        self.over = True
        for each in self.waiting:
            if not each.done():
                each.set_result(None)


class _Value:
    """A value that is there once its batch was read. Unlike a coroutine, it may be dropped without being awaited."""

    __slots__ = ("_batch", "_key", "_values")

    def __init__(self, batch: _Batch | None, key: Any, values: dict[Any, Any]) -> None:
        self._batch = batch
        self._key = key
        self._values = values

    def __await__(self) -> Generator[Any, Any, Any]:
        if self._batch is not None:
            yield from self._batch.ended().__await__()
        return _outcome(self._values[self._key])


def _outcome(value: Any) -> Any:
    if isinstance(value, Exception):
        raise value
    return value


class Keyed:
    """What one loader reads in one operation. What many ask for in one turn of the loop goes in one call.

    A key whose batch failed is read anew when it is asked for again.
    """

    __slots__ = ("_faulty", "_next", "_read", "_reading", "_tasks", "_values")

    def __init__(self, read: ReadMany) -> None:
        self._read = read
        self._values: dict[Any, Any] = {}
        self._faulty = False
        """Whether an exception is among them."""
        self._reading: list[_Batch] = []
        """What is not read yet, the next batch among it."""
        self._next: _Batch | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def load(self, key: Any) -> Awaitable[Any]:
        """Return one key's value, to be awaited; it is asked for now."""
        batch = None if key in self._values else self._ask((key,))[0]
        return _Value(batch, key, self._values)

    async def load_many(self, keys: Sequence[Any]) -> list[Any]:
        """Return the values of keys in order."""
        values = self._values
        missing = [key for key in keys if key not in values] if values else keys
        if missing:
            for batch in self._ask(missing):
                await batch.ended()
        found = list(map(values.__getitem__, keys))
        if self._faulty:
            list(map(_outcome, found))
        return found

    def prime(self, found: Mapping[Any, Any]) -> None:
        """Take over values by key that were read another way; what was asked for already stays as it is."""
        for key, value in found.items():
            if not any(key in batch.keys for batch in self._reading):
                self._values.setdefault(key, value)

    def _ask(self, keys: Iterable[Any]) -> Sequence[_Batch]:
        """Ask for keys that are not there yet; return the batches that they come with."""
        asked = dict.fromkeys(keys)
        batches = []
        for batch in self._reading:
            known = asked.keys() & batch.keys.keys()
            if known:
                batches.append(batch)
                asked = {key: None for key in asked if key not in known}
        if asked:
            if self._next is None:
                self._next = _Batch()
                self._reading.append(self._next)
                # In the turn after the next: whoever starts in this turn may still ask in the next.
                loop = asyncio.get_running_loop()
                loop.call_soon(loop.call_soon, self._start)
            self._next.keys.update(asked)
            if self._next not in batches:
                batches.append(self._next)
        return batches

    def _start(self) -> None:
        batch, self._next = self._next, None
        assert batch is not None
        task = asyncio.get_running_loop().create_task(self._run(batch))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, batch: _Batch) -> None:
        keys = list(batch.keys)
        try:
            found = await self._read(keys)
            self._values.update(zip(keys, found, strict=True))
            self._faulty = self._faulty or any(issubclass(kind, Exception) for kind in set(map(type, found)))
        except Exception as fault:
            batch.fault = fault
        except BaseException:
            batch.fault = asyncio.CancelledError()
            raise
        finally:
            self._reading.remove(batch)
            batch.end(batch.fault)
