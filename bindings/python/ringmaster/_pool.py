"""What runs an executor's calls: its daemon, its session, and the thread that collects when no caller does. Apart from
the executor, so that this one can be collected by the garbage collector while calls fly."""
from __future__ import annotations

import os
import threading
import time
import weakref
from collections import deque
from concurrent.futures import _base
from concurrent.futures.process import BrokenProcessPool, _RemoteTraceback
from typing import TYPE_CHECKING, Any

from . import _client, _codec
from ._backend import Backend, Options
from ._failure import failure_of
from ._future import OPEN, Future, settle

if TYPE_CHECKING:
    from .executor import Executor

# A caller in the main thread looks for signals so often: Ctrl-C ends its wait.
_SIGNAL_LOOK = 0.05
_RETRY = 0.01  # when there was no room
# So much work is sent ahead: what workers end while this process is busy elsewhere.
_AHEAD_NS = 2_000_000
_MOST_AHEAD = 64
_MOST_KEYS = 256
_ROOM = 64 << 10  # for a result, by the worker's rule
# By the codes of client_abi.h: such a call is not accepted, and never will be.
_REFUSED: dict[int, type[Exception]] = {3: ValueError, 4: OverflowError, 5: MemoryError}


def _label_of(fn: object) -> str:
    """What the daemon's status and log call a call of `fn`."""
    name: str = getattr(fn, '__qualname__', None) or type(fn).__qualname__
    return name


class Pool:
    def __init__(self, options: Options, owner: Executor) -> None:
        self.options = options
        self.lock = threading.Lock()  # guards queue, broken, shutdown, started; dispatching
        self.queue: deque[tuple[Any, ...]] = deque()
        self.flying: dict[int, Future] = {}
        self.broken: str | None = None
        self.cause: BaseException | None = None
        self.shutdown = False
        self.thread: threading.Thread | None = None
        self.backend = Backend(options, self._cannot_start, self._lost_a_worker)
        self.explaining = 0
        self.spawned = 0  # workers that a ProcessPoolExecutor would have started
        self._idle = 0
        self._may_retry = options.retries > 0
        self._capacities: dict[int, int] = {}  # room for results of functions that need much
        self.pid = os.getpid()
        self._run_ns = 1e9  # a moving average
        self._session: _client.Session | None = None
        self._main = threading.main_thread()
        self._owner = weakref.ref(owner, self._owner_gone)

    # What the executor asks for.

    def start(self) -> None:
        """REQUIRES: the lock."""
        self.backend.start()
        self.thread = threading.Thread(target=self._watch, name='ringmaster')
        try:
            self.thread.start()
        except BaseException:
            self.thread = None
            self.backend.end()
            raise
        live.add(self)

    def count(self) -> None:
        """A call comes: a ProcessPoolExecutor would start a worker if none is idle."""
        if self._idle > 0:
            self._idle -= 1
        elif self.spawned < self.options.workers:
            self.spawned += 1

    def submit(self, future: Future, payload: Any, buffers: Any, key: object) -> None:
        """`key`: calls with the same key have results of about the same size."""
        future._key = key
        capacity = self._capacities.get(id(key), 0) if self._capacities else 0
        with self.lock:
            if self.broken is not None or self.shutdown or exiting:
                raise self.refusal()  # since it was asked for the first time
            self.queue.append((future, payload, buffers, capacity, 0, self._may_retry, _label_of(key)))
            session = self._session
            if session is None or (len(self.queue) > 1 and session.flying):
                return
            session.dispatch(self.queue, self.flying, self._room())
            stuck = session.ended or (self.queue and not session.flying)
        if stuck:
            session.call()

    def collect_for(self, future: Future, end: float | None) -> None:
        """A caller waits for its future: collects itself unless another thread does. Returns at the latest at `end`."""
        session = self._session
        lead = session.try_lead() if session is not None else None
        if session is None or lead is None:
            self._follow(session, future, end)
            return
        look = _SIGNAL_LOOK if threading.current_thread() is self._main else 1.0
        try:
            while future._state in OPEN:
                left = look if end is None else min(look, end - time.monotonic())
                if left <= 0:
                    break
                if self._collect(session, left) < 0:
                    break  # the session is over: the watchman settles the rest
        finally:
            lead.end()
            if session.ended or self._is_ending():  # it was interrupted, or was the last
                session.call()

    @staticmethod
    def _follow(session: _client.Session | None, future: Future, end: float | None) -> None:
        """Waits until the thread that collects has settled the future. Not on its condition, whose Python code an
        interrupt could leave half-way."""
        if session is None:
            return
        gate = threading.Lock()
        gate.acquire()
        gates = future.__dict__.setdefault('_gates', [])
        gates.append(gate)
        session.follow()
        try:
            if future._state in OPEN:
                gate.acquire(True, -1 if end is None else max(0.0, end - time.monotonic()))
        finally:
            if gate in gates:
                gates.remove(gate)
                session.unfollow()

    def _finish(self, future: Future, value: Any, failure: BaseException | None) -> None:
        try:
            settle(future, value, failure)
        except BaseException as raised:
            if future._state in OPEN or (isinstance(raised, KeyboardInterrupt)
                                         and threading.current_thread() is self._main):
                raise
            # A callback's: whoever collects has nothing to do with it.
            _base.LOGGER.exception('exception calling a callback of %r', future)
        session = self._session
        while future._gates:
            # Who waits for it may lead from now on.
            gate = future._gates.pop()
            if session is not None:
                session.unfollow()
            gate.release()

    def stop(self, cancel_futures: bool) -> None:
        if self.pid != os.getpid():
            return  # a forked child's copy, whose lock may be taken for ever
        cancelled = []
        with self.lock:
            self.shutdown = True
            if cancel_futures:
                # A ProcessPoolExecutor has handed these to its workers.
                kept = self.options.workers + 1 - len(self.flying) if self.options.strict else 0
                while len(self.queue) > kept:
                    cancelled.append(self.queue.pop()[0])
        for future in cancelled:
            future.cancel()
            _client.begin(future)
        self.wake()

    def wake(self) -> None:
        """The watchman is to look whether all is done. Takes no lock: the garbage collector may call it anywhere."""
        session = self._session
        if session is not None and self.pid == os.getpid():
            session.call()
            if self._is_done(session):
                session.close()  # ends the watchman's wait

    def join(self) -> None:
        if self.thread is not None and self.thread is not threading.current_thread() and self.pid == os.getpid():
            self.thread.join()

    def break_with(self, why: str, cause: BaseException | None = None, *, at_once: bool = True) -> None:
        """Every call fails, and none is accepted any more. `at_once`: whatever the workers do."""
        with self.lock:
            if self.broken is None:
                self.broken, self.cause = why, cause
        if at_once:
            self.backend.kill()
        else:
            self.backend.hang_up()
        session = self._session
        if session is not None:
            session.call()
            session.close()

    def refusal(self) -> RuntimeError:
        """Why no call is accepted any more."""
        if self.broken is not None:
            return self.broken_error()
        return RuntimeError(f'cannot schedule new futures after {"" if self.shutdown else "interpreter "}shutdown')

    def broken_error(self) -> BrokenProcessPool:
        error = BrokenProcessPool(self.broken or 'the pool of worker processes is gone')
        error.__cause__ = self.cause
        return error

    # Collecting: by the thread that leads.

    def _room(self) -> int:
        options = self.options
        if options.strict:
            return options.workers + 1
        return options.workers + min(_MOST_AHEAD, max(1, int(_AHEAD_NS * options.workers / self._run_ns)))

    def _collect(self, session: _client.Session, timeout: float) -> int:
        count = session.collect(_RETRY if self.queue and not session.flying else timeout)
        ended = session.ended
        if self.queue:
            # Workers first: they run on while results are read here.
            with self.lock:
                session.dispatch(self.queue, self.flying, self._room())
        while ended:
            self._settle(ended[0])
            del ended[0]
        return count

    def _settle(self, one: Any) -> None:
        cookie, result, failure, times, refusal = one
        future = self.flying.get(cookie)
        if future is not None:
            if result is not None:
                run_ns, _, size = times
                if size > _ROOM:
                    self._make_room(future, size)
                self._run_ns += (run_ns - self._run_ns) * 0.125
                self._settle_result(future, *result)
            elif failure is not None:
                self._settle_failure(future, failure)
            else:
                code, why = refusal
                self._finish(future, None, _REFUSED.get(code, BrokenProcessPool)(f'the call was refused: {why}'))
            del self.flying[cookie]
            if not self.queue:
                self._idle += 1

    def _settle_result(self, future: Future, flags: int, payload: Any, buffers: Any) -> None:
        try:
            value = _codec.loads(payload, buffers=buffers)
        except KeyboardInterrupt:
            raise  # this process's own: the result is read again
        except BaseException as failure:
            if self.options.strict:
                self.break_with('A result could not be read.', failure)
                failure = self.broken_error()
            self._finish(future, None, failure)
            return
        if flags & _codec.UNREADABLE and self.options.strict:
            self.break_with('A call could not be read by its worker.', value)
            self._finish(future, None, self.broken_error())
        elif flags & _codec.THROWN:
            self._finish(future, None, value)
        else:
            self._finish(future, value, None)

    def _make_room(self, future: Future, size: int) -> None:
        """A result that has outgrown its room came in memory of its own, which takes several times as long; the next one
        of its kind has as much room."""
        key = id(future._key)
        if size <= self._capacities.get(key, _ROOM) or size * 2 * (self.options.workers + 1) > self.options.result_bytes:
            return
        if len(self._capacities) >= _MOST_KEYS:
            self._capacities.clear()
        self._capacities[key] = size + size // 8

    def _settle_failure(self, future: Future, failure: _client.Failure) -> None:
        if self.broken is not None:  # its session is closed, which ends what flies
            self._finish(future, None, self.broken_error())
            return
        if self.options.strict and failure.status == 2:
            self.break_with('A process in the process pool was terminated abruptly while the future was running or '
                            f'pending: {failure.describe()}', _death_of(failure))
            self._finish(future, None, self.broken_error())
            return
        # The stack takes a moment; others' results do not wait for it.
        with self.lock:
            self.explaining += 1
        try:
            threading.Thread(target=self._explain, args=(future, failure), daemon=True).start()
        except RuntimeError:  # no thread can be made any more
            self._explain(future, failure)

    def _explain(self, future: Future, failure: _client.Failure) -> None:
        try:
            self._finish(future, None, failure_of(failure, self))
        except BaseException:
            self._finish(future, None, BrokenProcessPool(failure.describe()))
            raise
        finally:
            with self.lock:
                self.explaining -= 1
            self.wake()

    # The thread.

    def _watch(self) -> None:
        session = None
        try:
            session = self.backend.open_session(lambda: self.broken is None)
        except OSError as failure:
            self.break_with(f'the worker processes cannot be started: {failure}')
        if session is not None:
            with self.lock:
                self._session = session
                session.dispatch(self.queue, self.flying, self._room())
            session.call()  # it leads at first: all may be over by now
            try:
                over = False
                while not over:
                    session.watch()
                    over = self._lead(session)
            except BaseException as failure:
                self.break_with(f'the thread that collects results has failed: {failure!r}', failure)
        self._end()

    def _lead(self, session: _client.Session) -> bool:
        """Collects until callers do so themselves. True: all is done, or nothing can be done any more."""
        while True:
            if self._is_ending() and self._is_done(session):
                return True
            if self._collect(session, 1.0) < 0:
                if not self._is_ending():
                    self.break_with('The daemon that runs the worker processes is gone.')
                return True
            if session.hands_over():
                return False

    def _is_ending(self) -> bool:
        return self.shutdown or self.broken is not None or self._owner() is None or exiting

    def _is_done(self, session: _client.Session) -> bool:
        idle = not self.queue and session.flying == 0 and not session.ended and self.explaining == 0
        return self._is_ending() and (idle or self.broken is not None)

    def _end(self) -> None:
        with self.lock:
            self.shutdown = True
            lost = [*self.flying.values(), *(one[0] for one in self.queue)]
            self.flying.clear()
            self.queue.clear()
        for future in lost:
            if _client.begin(future):
                self._finish(future, None, self.broken_error())
        session, self._session = self._session, None
        if session is not None:
            session.close()
        self.backend.end()

    def _cannot_start(self, why: str) -> None:
        self.break_with(f'A worker process could not be started: {why}')

    def _lost_a_worker(self) -> None:
        # The daemon has another one at once; a ProcessPoolExecutor has none.
        if self.options.strict and not self._is_ending():
            self.break_with('A process in the process pool was terminated abruptly while no call ran in it.')

    def _owner_gone(self, _: object) -> None:
        self.wake()


def _death_of(failure: _client.Failure) -> _RemoteTraceback:
    """In the words of a ProcessPoolExecutor."""
    code = failure.detail if failure.cause == 'worker exited' else -failure.detail
    text = f"\n'''\nA process terminated abruptly with exit code {code}\n'''"
    return _RemoteTraceback(text)  # type: ignore[arg-type]


live: weakref.WeakSet[Pool] = weakref.WeakSet()
exiting = False


def _at_exit() -> None:
    global exiting
    exiting = True
    for pool in list(live):
        pool.wake()
        pool.join()


os.register_at_fork(before=_client.before_fork, after_in_parent=_client.after_fork_in_parent,
                    after_in_child=_client.after_fork_in_child)
threading._register_atexit(_at_exit)  # type: ignore[attr-defined]
