"""The processes behind an executor: a daemon of its own and the workers that it starts, or a pool of a daemon that is
there already."""
from __future__ import annotations

import logging
import os
import sys
import time
from dataclasses import dataclass
from subprocess import _args_from_interpreter_flags  # type: ignore[attr-defined]
from typing import Any, Callable

from . import _client, _folders
from ._daemon import FOR_EVER, POOL, PrivateDaemon
from ._workers import StartData, Workers

_OPEN_PATIENCE_MS = 500
_POOL_PATIENCE_MS = 10_000
_START_PATIENCE = 30.0
# A call that no worker has begun by then gets one, as in a ProcessPoolExecutor. Shorter calls share those that are there.
_GROW_AFTER = '10ms'


@dataclass
class Options:
    workers: int
    initializer: Callable[..., object] | None
    initargs: tuple[Any, ...]
    max_tasks: int
    run_timeout: float | None
    memory_max: int | None
    cgroup: str | None
    retries: int
    spares: int
    idle_timeout: float | None
    strict: bool
    request_bytes: int
    result_bytes: int
    socket: str | None  # of a daemon that is there already, with `pool`
    pool: str | None


class Backend:
    """`cannot_start(why)`: a worker could not start, and none ever will. `lost()`: one has died between two calls."""

    def __init__(self, options: Options, cannot_start: Callable[[str], None], lost: Callable[[], None]) -> None:
        self._options = options
        self._cannot_start = cannot_start
        self._lost = lost
        self._daemon: PrivateDaemon | None = None
        self._data: StartData | None = None
        self.workers: Workers | None = None

    def start(self) -> None:
        options = self._options
        if options.pool is not None:
            return
        run_timeout_ns = int(options.run_timeout * 1e9) if options.run_timeout is not None else 0
        try:
            self._daemon = PrivateDaemon()
            self._data = StartData(options.initializer, options.initargs, run_timeout_ns, _folders.outer or self._daemon.folder)
            path = os.path.join(self._daemon.folder, 'w')
            self.workers = Workers(path, self._data, self._cannot_start, self._lost)
            boot = os.path.join(os.path.dirname(os.path.abspath(__file__)), '_boot.py')
            # Workers that die over calls are started again at once, however many; one that cannot start ends all.
            restart = {'budget': 100000, 'backoff_initial': '1ms', 'backoff_max': '100ms'}
            self._daemon.start([sys.executable, *_args_from_interpreter_flags(), boot, path], self._pool_keys(), restart,
                               options.max_tasks, options.cgroup or 'auto')
        except BaseException:
            self.end()
            raise

    def _pool_keys(self) -> dict[str, Any]:
        options = self._options
        timeout = FOR_EVER if options.run_timeout is None else f'{max(10, round(options.run_timeout * 1000))}ms'
        workers = options.workers if options.strict else {'min': 1, 'max': options.workers}
        keys: dict[str, Any] = {
            'workers': workers, 'grow_after': _GROW_AFTER, 'spares': options.spares,
            'idle_timeout': f'{round((options.idle_timeout or 0) * 1000)}ms', 'run_timeout': timeout, 'max_timeout': FOR_EVER,
            'start_timeout': FOR_EVER, 'health_queue_age': '0s', 'retries': min(15, options.retries + 1),
            'leftovers': 'keep', 'grace': '0s'}
        if options.memory_max is not None:
            keys['memory_max'] = f'{options.memory_max}B'
        return keys

    def open_session(self, wanted: Callable[[], bool]) -> _client.Session | None:
        """Waits until workers are ready, or until it is not wanted any more. OSError: there will be none."""
        daemon = self._daemon
        if daemon is None:
            return self._open_at(self._options.socket, self._options.pool or POOL, _POOL_PATIENCE_MS)
        begin = time.monotonic()
        while wanted():
            asked = time.monotonic()
            there = daemon.listens()
            try:
                session = self._open_at(daemon.socket, POOL, _OPEN_PATIENCE_MS)
                self._look_at_limits(daemon)
                return session
            except OSError as failure:
                now = time.monotonic()
                # Workers may take long to start: asked again, as long as the daemon is there.
                no_answer = now - asked > _OPEN_PATIENCE_MS / 2000
                starting = not there and now - begin < _START_PATIENCE
                if daemon.ended() or not (no_answer or starting):
                    raise OSError(f'{failure} {daemon.last_words()}'.strip()) from None
                time.sleep(0.001)
        return None

    def _open_at(self, socket: str | None, pool: str, patience_ms: int) -> _client.Session:
        options = self._options
        return _client.open(socket, pool, 0, options.request_bytes, options.result_bytes, f'python {os.getpid()}',
                            patience_ms)

    def _look_at_limits(self, daemon: PrivateDaemon) -> None:
        why = daemon.why_no_memory_limit() if self._options.memory_max is not None else ''
        if why:
            logging.getLogger('ringmaster').warning('memory_max is not kept: workers have no cgroup with a limit: %s', why)

    @property
    def daemon_pid(self) -> int | None:
        return self._daemon.pid if self._daemon is not None else None

    @property
    def folder(self) -> str | None:
        return self._daemon.folder if self._daemon is not None else None

    def kill(self) -> None:
        """Ends the workers at once. Any number of times."""
        if self._daemon is not None:
            self._daemon.kill_workers()

    def hang_up(self) -> None:
        """Ends the workers; those at work have a second. Any number of times."""
        if self._daemon is not None:
            self._daemon.hang_up()

    def end(self) -> None:
        """Nothing is left afterwards."""
        if self._daemon is not None:
            self._daemon.end()
        if self.workers is not None:
            self.workers.stop()
            self.workers = None
        if self._data is not None:
            self._data.close()
