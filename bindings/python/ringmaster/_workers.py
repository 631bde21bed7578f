"""What the executor's process and its workers say to each other beside the daemon: each worker comes by once, is given
what it needs to start, and tells why it cannot."""
from __future__ import annotations

import mmap
import os
import pickle
import select
import signal
import socket
import struct
import sys
import threading
from collections import deque
from multiprocessing import context, resource_tracker, spawn
from multiprocessing.reduction import ForkingPickler
from typing import Any, Callable

RECORD_BYTES = 64 << 10  # the number of a worker's job, and the Python stack that it leaves when it dies
_RECORD_HEAD = 8
_DEAD_RECORDS = 64
_MESSAGE = 60 << 10


class _Spawning:
    """As multiprocessing's Popen while a process is spawned: descriptors in what is pickled are passed along.
    `fds`: this process's copies, in the order in which workers receive theirs."""

    def __init__(self) -> None:
        self.fds: list[int] = []

    def duplicate_for_child(self, fd: int) -> int:
        self.fds.append(os.dup(fd))
        return len(self.fds) - 1

    def DupFd(self, index: int) -> 'PassedFd':
        return PassedFd(index)


class PassedFd:
    """A descriptor of the parent's, in the worker."""
    received: list[int] = []

    def __init__(self, index: int) -> None:
        self.index = index

    def detach(self) -> int:
        return os.dup(self.received[self.index])


class StartData:
    """What every worker of a pool is given, pickled once. `folder`: where its own executors have theirs."""

    def __init__(self, initializer: Callable[..., object] | None, initargs: tuple[Any, ...], run_timeout_ns: int,
                 folder: str) -> None:
        spawning = _Spawning()
        context.set_spawning_popen(spawning)
        try:
            preparation = bytes(ForkingPickler.dumps(spawn.get_preparation_data('SpawnProcess')))
            start = bytes(ForkingPickler.dumps((initializer, initargs)))
        finally:
            context.set_spawning_popen(None)
        # Each is read when what it needs is in place.
        self.data = pickle.dumps({'path': sys.path, 'environment': dict(os.environ), 'parent': os.getpid(),
                                  'run_timeout_ns': run_timeout_ns, 'folder': folder, 'preparation': preparation, 'start': start})
        self.fds = spawning.fds

    def close(self) -> None:
        for fd in self.fds:
            os.close(fd)
        self.fds.clear()


class _Record:
    """Which job a worker runs, and what its faulthandler has written: in memory of both processes."""

    def __init__(self) -> None:
        self.fd = os.memfd_create('ringmaster-record', os.MFD_CLOEXEC)
        os.ftruncate(self.fd, RECORD_BYTES)
        os.lseek(self.fd, _RECORD_HEAD, os.SEEK_SET)
        self._map = mmap.mmap(self.fd, RECORD_BYTES)

    def job_id(self) -> int:
        """0: it runs none."""
        number: int = struct.unpack_from('<Q', self._map)[0]
        return number

    def stack_of(self, job_id: int) -> str | None:
        if self.job_id() != job_id:
            return None
        text = bytes(self._map[_RECORD_HEAD:]).split(b'\0', 1)[0].decode(errors='replace')
        # The last stack that was written; an earlier one was of a call that came to its end after all.
        begin = max(text.rfind('Fatal Python error'), text.rfind('Current thread') if 'Fatal' not in text else -1, 0)
        return text[begin:].split('\nExtension modules:', 1)[0]

    def close(self) -> None:
        self._map.close()
        os.close(self.fd)


class _Worker:
    """One that is connected. Looks like a multiprocessing.Process to those who look into an executor."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.leaves = False  # by itself
        self.pidfd = -1
        self.pid = struct.unpack('3i', connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
        self.pidfd = os.pidfd_open(self.pid)
        self.record = _Record()

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def terminate(self) -> None:
        self._signal(signal.SIGTERM)

    def _signal(self, number: signal.Signals) -> None:
        try:
            signal.pidfd_send_signal(self.pidfd, number)
        except ProcessLookupError:
            pass

    def is_alive(self) -> bool:
        return not select.select([self.pidfd], [], [], 0)[0]

    def join(self, timeout: float | None = None) -> None:
        select.select([self.pidfd], [], [], timeout)

    def __del__(self) -> None:
        if self.pidfd >= 0:
            os.close(self.pidfd)


class Workers:
    """Serves the workers of one pool, in a thread of its own. `failed(text)`: one could not start; `lost()`: one has died
    while it ran no call."""

    def __init__(self, path: str, data: StartData, failed: Callable[[str], None], lost: Callable[[], None]) -> None:
        self._data = data
        self._failed = failed
        self._lost = lost
        self._changed = threading.Condition()
        self._dead: deque[_Record] = deque()
        self.connected: dict[int, _Worker] = {}
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._stop, self._stopped = os.pipe()
        try:
            self._listener.bind(path)
            self._listener.listen(64)
            self._thread = threading.Thread(target=self._serve, name='ringmaster-workers', daemon=True)
            self._thread.start()
        except BaseException:
            self._close()
            raise

    def stop(self) -> None:
        end, self._stopped = self._stopped, -1
        os.close(end)
        self._thread.join()

    def await_connected(self, count: int, patience: float = 10) -> None:
        with self._changed:
            self._changed.wait_for(lambda: len(self.connected) >= count, patience)

    def stack_of(self, job_id: int) -> str:
        """What the worker that died over this job has written of its Python stack."""
        with self._changed:
            records = [one.record for one in self.connected.values()] + list(self._dead)
            for record in records:
                found = record.stack_of(job_id)
                if found is not None:
                    return found
        return ''

    def _serve(self) -> None:
        poll = select.poll()
        for fd in (self._listener.fileno(), self._stop):
            poll.register(fd, select.POLLIN)
        by_fd: dict[int, _Worker] = {}
        while True:
            for fd, _ in poll.poll():
                if fd == self._stop:
                    self._close()
                    return
                try:
                    if fd == self._listener.fileno():
                        worker = _Worker(self._listener.accept()[0])
                        by_fd[worker.connection.fileno()] = worker
                        poll.register(worker.connection, select.POLLIN)
                        self._greet(worker)
                    elif not self._hear(by_fd[fd]):
                        poll.unregister(fd)
                        self._lose(by_fd.pop(fd))
                except OSError:
                    if fd in by_fd:
                        poll.unregister(fd)
                        self._lose(by_fd.pop(fd))

    def _greet(self, worker: _Worker) -> None:
        fds = [os.memfd_create('ringmaster-start', os.MFD_CLOEXEC), worker.record.fd, _tracker(), *_standard(),
               *self._data.fds]
        try:
            with open(fds[0], 'wb', closefd=False) as file:
                file.write(self._data.data)
            socket.send_fds(worker.connection, [b'start'], fds)
        finally:
            os.close(fds[0])
        with self._changed:
            self.connected[worker.pid] = worker
            self._changed.notify_all()

    def _hear(self, worker: _Worker) -> bool:
        message = worker.connection.recv(_MESSAGE)
        if message.startswith(b'failed'):
            worker.leaves = True
            self._failed(message[6:].decode(errors='replace'))
        elif message == b'leaving':
            worker.leaves = True
        return bool(message)

    def _lose(self, worker: _Worker) -> None:
        if self._stopped >= 0 and not worker.leaves and worker.record.job_id() == 0:
            self._lost()
        with self._changed:
            self.connected.pop(worker.pid, None)
            self._dead.append(worker.record)
            old = self._dead.popleft() if len(self._dead) > _DEAD_RECORDS else None
        worker.connection.close()
        if old is not None:
            old.close()

    def _close(self) -> None:
        self._listener.close()
        os.close(self._stop)
        for worker in list(self.connected.values()):
            self._lose(worker)
        with self._changed:
            for record in self._dead:
                record.close()
            self._dead.clear()


def _standard() -> list[int]:
    """Standard output and error: what workers print comes out where this process prints."""
    fds = []
    for fd in (1, 2):
        try:
            os.fstat(fd)
            fds.append(fd)
        except OSError:
            fds.append(_devnull())
    return fds


_null = -1


def _devnull() -> int:
    global _null
    if _null < 0:
        _null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    return _null


def _tracker() -> int:
    """This process's resource tracker, which is the workers' too: a shared memory block that a worker leaves to its
    caller is not gone with the worker."""
    fd = resource_tracker.getfd()
    assert fd is not None
    return fd
