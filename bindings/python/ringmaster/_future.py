"""A concurrent.futures.Future whose waiting caller may collect its result itself."""
from __future__ import annotations

import os
import threading
import time
from concurrent.futures import _base
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, Any

from . import _client

if TYPE_CHECKING:
    from ._pool import Pool

OPEN = (_base.PENDING, _base.RUNNING)


class Future(_base.Future):  # type: ignore[type-arg]
    # The base class's.
    _condition: threading.Condition
    _state: str
    _result: Any
    _exception: BaseException | None

    _pool: Pool | None = None  # until it is settled
    _key: object = None  # of Pool.submit()
    _gates: Any = ()  # locks of callers that wait for it while another thread collects; a list once there is one

    def cancel(self) -> bool:
        cancelled = super().cancel()
        if cancelled:
            for gate in list(self._gates):
                if gate.locked():
                    gate.release()
        return cancelled

    def result(self, timeout: float | None = None) -> Any:
        pool = self._pool
        if pool is not None and self._state in OPEN:
            timeout = _help(pool, self, timeout)
        try:
            # Without its lock, where it is settled: an interrupt could leave that taken.
            if self._state == _base.FINISHED:
                if self._exception is None:
                    return self._result
                raise self._exception
            return super().result(timeout)
        finally:
            self = None  # type: ignore[assignment]  # no cycle with the traceback of what is raised

    def exception(self, timeout: float | None = None) -> BaseException | None:
        pool = self._pool
        if pool is not None and self._state in OPEN:
            timeout = _help(pool, self, timeout)
        return super().exception(timeout)


def forked_error() -> BrokenProcessPool:
    return BrokenProcessPool('this executor belongs to the parent process; a forked child needs one of its own')


def _help(pool: Pool, future: Future, timeout: float | None) -> float | None:
    """Collects until the future is settled, if no other thread does so. Returns what is left of the timeout."""
    if pool.pid != os.getpid():
        raise forked_error()  # it will never be settled here
    if timeout is None:
        pool.collect_for(future, None)
        return None
    end = time.monotonic() + timeout
    pool.collect_for(future, end)
    return max(0.0, end - time.monotonic())


def settle(future: Future, value: Any, failure: BaseException | None) -> None:
    """Once; a second time does nothing."""
    _client.settle(future, value, failure)
    future._pool = None
