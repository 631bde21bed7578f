"""Executor: concurrent.futures over supervised processes."""
from __future__ import annotations

import itertools
import os
import time
import weakref
from concurrent.futures import _base
from functools import partial
from multiprocessing import get_context
from multiprocessing.context import BaseContext
from typing import Any, Callable, Iterable, Iterator, TypeVar

from . import _codec, _pool
from ._backend import Options
from ._future import Future, forked_error
from ._pool import Pool

__all__ = ['Executor']

T = TypeVar('T')
_MOST_WORKERS = 250
_TERMINATE, _KILL = 'terminate', 'kill'


def _usable_cpus() -> int:
    return len(os.sched_getaffinity(0)) or 1


def _run_chunk(function: Callable[..., Any], chunk: list[tuple[Any, ...]]) -> list[Any]:
    return [function(*args) for args in chunk]


class Executor(_base.Executor):
    """A concurrent.futures.Executor whose calls run in supervised worker processes.

    As ProcessPoolExecutor: `max_workers`, `mp_context` (only looked at; workers always start afresh, as with "spawn"),
    `initializer`, `initargs`, `max_tasks_per_child`. Beyond it:

    run_timeout: seconds that a call may take; then its worker is killed, and the call fails with RunTimeout.
    memory_max: bytes that a worker may use; a call that makes it use more fails with OutOfMemory. Needs `cgroup`.
    cgroup: the folder of a cgroup v2 without processes that this user may divide; None: this process's own, if it is alone
        there. Where there is none, a warning is logged by "ringmaster", and there is no limit.
    retries: how often a call is run again after its worker died over it. Only for calls that may run twice.
    spares: workers that are ready to take the place of one that dies.
    idle_timeout: seconds after which a worker that was not needed ends; None: never. One stays.
    strict: as ProcessPoolExecutor, a worker that dies breaks the whole executor. Else only its own call fails. All workers
        start at once.
    request_bytes, result_bytes: address space for calls and results; memory is taken as it is needed.
    pool, socket: a pool of a daemon that is there already, whose command is `python3 -m ringmaster.worker`; socket: None:
        that of $RINGMASTER_SOCKET, or the system's.
    """

    def __init__(self, max_workers: int | None = None, mp_context: BaseContext | None = None,
                 initializer: Callable[..., object] | None = None, initargs: tuple[Any, ...] = (), *,
                 max_tasks_per_child: int | None = None, run_timeout: float | None = None,
                 memory_max: int | None = None, cgroup: str | None = None, retries: int = 0, spares: int | None = None,
                 idle_timeout: float | None = None, strict: bool = False, request_bytes: int = 1 << 30,
                 result_bytes: int = 1 << 30, pool: str | None = None, socket: str | None = None) -> None:
        if max_workers is None:
            max_workers = min(_usable_cpus(), _MOST_WORKERS)
        if max_workers <= 0:
            raise ValueError('max_workers must be greater than 0')
        if max_workers > _MOST_WORKERS:
            raise ValueError(f'max_workers must be <= {_MOST_WORKERS}')
        if initializer is not None and not callable(initializer):
            raise TypeError('initializer must be a callable')
        if socket is not None and pool is None:
            raise ValueError('socket= needs pool=, the name of a pool of that daemon')
        self._mp_context = mp_context or get_context('spawn')
        if max_tasks_per_child is not None:
            if not isinstance(max_tasks_per_child, int):
                raise TypeError('max_tasks_per_child must be an integer')
            if max_tasks_per_child <= 0:
                raise ValueError('max_tasks_per_child must be >= 1')
            if self._mp_context.get_start_method(allow_none=False) == 'fork':
                raise ValueError('max_tasks_per_child is incompatible with the "fork" multiprocessing start method; '
                                 'supply a different mp_context.')
        if run_timeout is not None and run_timeout <= 0:
            raise ValueError('run_timeout must be greater than 0')
        if idle_timeout is not None and idle_timeout < 0.001:
            raise ValueError('idle_timeout must be a millisecond or more')
        if retries < 0:
            raise ValueError('retries must be >= 0')
        self._max_workers = max_workers
        self._pool = Pool(
            Options(workers=max_workers, initializer=initializer, initargs=initargs, max_tasks=max_tasks_per_child or 0,
                    run_timeout=run_timeout, memory_max=memory_max, cgroup=cgroup, retries=retries,
                    spares=(0 if strict else 1) if spares is None else spares, idle_timeout=idle_timeout, strict=strict,
                    request_bytes=request_bytes, result_bytes=result_bytes, pool=pool, socket=socket), self)

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> _base.Future[T]:
        future: _base.Future[T] = self._submit(fn, fn, args, kwargs)
        return future

    def _submit(self, key: object, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        pool = self._pool
        self._check(pool)
        future = Future()
        pool.count()
        try:
            payload, buffers = _codec.encode((fn, _codec.lighten(args), kwargs))
        except KeyboardInterrupt:
            raise
        except BaseException as failure:
            future.set_exception(failure)
            return future
        future._pool = pool
        pool.submit(future, payload, buffers, key)
        return future

    @staticmethod
    def _check(pool: Pool) -> None:
        if pool.pid != os.getpid():
            raise forked_error()
        if pool.broken is None and pool.thread is not None and not pool.shutdown and not _pool.exiting:
            return
        with pool.lock:
            if pool.broken is not None or pool.shutdown or _pool.exiting:
                raise pool.refusal()
            if pool.thread is None:
                try:
                    pool.start()
                except RuntimeError as failure:  # no thread can be made any more
                    pool.broken = str(failure)
                    raise pool.broken_error() from failure

    submit.__doc__ = _base.Executor.submit.__doc__

    def map(self, fn: Callable[..., T], *iterables: Iterable[Any], timeout: float | None = None, chunksize: int = 1,
            buffersize: int | None = None) -> Iterator[T]:
        """As Executor.map(). `chunksize`: so many calls are sent as one. `buffersize`: at most so many of those are sent
        before their results are asked for; None: all at once."""
        if chunksize < 1:
            raise ValueError('chunksize must be >= 1.')
        if buffersize is not None:
            if not isinstance(buffersize, int):
                raise TypeError('buffersize must be an integer or None')
            if buffersize < 1:
                raise ValueError('buffersize must be None or > 0')
        return _Map(self, fn, zip(*iterables), timeout, chunksize, buffersize).results()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._pool.stop(cancel_futures)
        if wait:
            self._pool.join()

    shutdown.__doc__ = _base.Executor.shutdown.__doc__

    def terminate_workers(self) -> None:
        """Ends the workers by SIGTERM, and with them the executor: no call is waited for. A worker that does not heed it has
        a second."""
        self._force_shutdown(operation=_TERMINATE)

    def kill_workers(self) -> None:
        """Ends the workers by SIGKILL, and with them the executor: no call is waited for."""
        self._force_shutdown(operation=_KILL)

    def _force_shutdown(self, operation: str) -> None:
        if operation not in (_TERMINATE, _KILL):
            raise ValueError(f'operation must be "{_TERMINATE}" or "{_KILL}", not {operation!r}')
        pool = self._pool
        if pool.pid != os.getpid():
            raise forked_error()
        connected = pool.backend.workers
        workers = list(connected.connected.values()) if connected is not None else []
        pool.stop(cancel_futures=True)
        pool.break_with(f'The worker processes were ended by {operation}_workers().', at_once=operation == _KILL)
        for worker in workers:
            if worker.is_alive():
                getattr(worker, operation)()
        pool.join()

    # What programs that look into a ProcessPoolExecutor look at.

    @property
    def _broken(self) -> str | bool:
        return self._pool.broken or False

    @property
    def _processes(self) -> dict[int, Any]:
        """The workers. With `strict`, which starts all at once, as many as a ProcessPoolExecutor, which starts one for each
        call that finds none idle, would have by now."""
        workers = self._pool.backend.workers
        if workers is None:
            return {}
        if not self._pool.options.strict:
            return dict(workers.connected)
        count = min(self._pool.spawned, self._max_workers)
        workers.await_connected(count)
        return dict(itertools.islice(workers.connected.items(), count))

    @property
    def _executor_manager_thread(self) -> Any:
        return self._pool.thread


class _Map:
    """The calls of one map(), sent in chunks."""

    def __init__(self, executor: Executor, fn: Callable[..., Any], calls: Iterator[tuple[Any, ...]],
                 timeout: float | None, chunksize: int, buffersize: int | None) -> None:
        self._end = None if timeout is None else timeout + time.monotonic()
        self._executor = weakref.ref(executor)  # a program that only keeps the results has dropped it
        self._fn = fn
        self._calls = calls
        self._chunksize = chunksize
        self._ahead = buffersize
        self._futures: list[Any] = []
        while (buffersize is None or len(self._futures) < buffersize) and self._send():
            pass
        self._futures.reverse()

    def _send(self) -> bool:
        executor = self._executor()
        chunk = list(itertools.islice(self._calls, self._chunksize)) if executor is not None else []
        if executor is None or not chunk:
            return False
        if self._chunksize == 1:
            future = executor._submit(self._fn, self._fn, chunk[0], {})
        else:
            future = executor._submit(self._fn, partial(_run_chunk, self._fn), (chunk,), {})
        self._futures.append(future)
        return True

    def _left(self) -> float | None:
        return None if self._end is None else self._end - time.monotonic()

    def results(self) -> Iterator[Any]:
        try:
            while self._futures:
                if self._ahead is not None:
                    self._futures.reverse()
                    self._send()
                    self._futures.reverse()
                # Nothing here keeps a result: it is gone as soon as the caller drops it.
                if self._chunksize == 1:
                    yield _take(self._futures.pop(), self._left())
                else:
                    chunk = _take(self._futures.pop(), self._left())
                    chunk.reverse()
                    while chunk:
                        yield chunk.pop()
        finally:
            for future in self._futures:
                future.cancel()


def _take(future: _base.Future[T], timeout: float | None) -> T:
    try:
        return future.result(timeout)
    finally:
        future.cancel()
        del future
