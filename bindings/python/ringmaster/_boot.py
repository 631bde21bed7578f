"""The main program of a worker process: `python _boot.py SOCKET`."""
from __future__ import annotations

import os
import pickle
import signal
import socket
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import _worker as worker_module

_MOST_FDS = 250
_SIGNAL_STACK = 12  # SIGUSR2: shows where the call is, before its deadline
_REQUIRED_FDS = 5
# Faults, the keeper's end, and what harms nobody (worker/process/outside_signals.cc).
_LIBRARY_SIGNALS = {signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGABRT, signal.SIGTRAP,
                    signal.SIGSYS, signal.SIGSTKFLT, signal.SIGCHLD, signal.SIGCONT, signal.SIGURG,  # type: ignore[attr-defined]
                    signal.SIGWINCH, signal.SIGKILL, signal.SIGSTOP}


class _Parent:
    """The connection to the executor's process."""

    def __init__(self, path: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.connect(path)
        _, fds, _, _ = socket.recv_fds(self.socket, 64, _MOST_FDS)
        if len(fds) < _REQUIRED_FDS:
            raise OSError('the executor of this worker is gone')
        for fd in fds:
            os.set_inheritable(fd, False)
        data, self.record, self.tracker, self.stdout, self.stderr = fds[:_REQUIRED_FDS]
        self.passed = fds[_REQUIRED_FDS:]
        with open(data, 'rb') as file:
            file.seek(0)
            self.start: dict[str, Any] = pickle.load(file)

    def take_standard(self) -> None:
        """What is printed here comes out where the executor's process prints."""
        for ours, standard in ((self.stdout, 1), (self.stderr, 2)):
            os.dup2(ours, standard)

    def tell_failed(self, text: str) -> None:
        self.socket.send(b'failed' + text.encode(errors='replace')[-40000:])

    def leave(self) -> None:
        try:
            self.socket.send(b'leaving')
        except OSError:
            pass  # the executor does not listen any more
        self.socket.close()


def _become_child(parent: _Parent) -> Any:
    """This process is for multiprocessing what its own children are. Returns what `start` holds."""
    from multiprocessing import process, resource_tracker, spawn

    from ringmaster._workers import PassedFd

    resource_tracker._resource_tracker._fd = parent.tracker  # type: ignore[attr-defined]
    PassedFd.received = parent.passed
    current: Any = process.current_process()
    current._config = {'authkey': current.authkey, 'semprefix': '/mp'}
    process._parent_process = process._ParentProcess(  # type: ignore[attr-defined]
        'MainProcess', parent.start['parent'], parent.socket.fileno())
    current._inheriting = True
    try:
        spawn.prepare(pickle.loads(parent.start['preparation']))
        return pickle.loads(parent.start['start'])
    finally:
        del current._inheriting
        for fd in parent.passed:
            os.close(fd)


def _usual_signals() -> None:
    """Signals are as in every Python process, for calls and for the processes that they fork: the daemon starts workers with
    most ignored, and the worker's library catches the rest. What Python code handles stays."""
    usual: dict[int, Any] = {signal.SIGINT: signal.default_int_handler, signal.SIGPIPE: signal.SIG_IGN,
                             signal.SIGXFSZ: signal.SIG_IGN}
    for number in signal.valid_signals() - _LIBRARY_SIGNALS:
        # Python does not know of handlers that are not its own.
        if signal.getsignal(number) in (signal.SIG_DFL, signal.SIG_IGN):
            signal.signal(number, usual.get(number, signal.SIG_DFL))


def _watch_faults(record: int) -> None:
    import faulthandler
    faulthandler.enable(file=record, all_threads=True)
    faulthandler.register(_SIGNAL_STACK, file=record, all_threads=True, chain=False)


def main() -> None:
    _usual_signals()
    parent = _Parent(sys.argv[1])
    sys.path[:] = parent.start['path']
    from ringmaster import _folders
    from ringmaster import _worker as worker
    _folders.outer = parent.start['folder']
    worker.open(parent.record)
    _usual_signals()
    parent.take_standard()
    os.environ.clear()
    os.environ.update(parent.start['environment'])
    try:
        initializer, initargs = _become_child(parent)
    except BaseException:
        _cannot_start(worker, parent, 'cannot be started')
    if initializer is not None:
        try:
            initializer(*initargs)
        except BaseException:
            from concurrent.futures import _base
            _base.LOGGER.critical('Exception in initializer:', exc_info=True)
            _cannot_start(worker, parent, 'its initializer failed')
        del initializer, initargs
    _watch_faults(parent.record)
    # The library marks what jobs write into pipes that it finds here; these are not the daemon's.
    with open(os.devnull, 'wb') as nowhere:
        for standard in (1, 2):
            os.dup2(nowhere.fileno(), standard)
    worker.ready(_SIGNAL_STACK, parent.start['run_timeout_ns'])
    parent.take_standard()
    del parent.start
    from ringmaster._serve import serve
    status = serve(worker)
    parent.leave()
    sys.exit(status)


def _cannot_start(worker: Any, parent: _Parent, what: str) -> None:
    import traceback
    from multiprocessing import util
    text = traceback.format_exc()
    util._exit_function()  # type: ignore[attr-defined]  # what it has put into queues gets out
    parent.tell_failed(f'{what}:\n{text}')
    worker.boot_failed(f'{what}: {text.strip().splitlines()[-1]}')
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1)


if __name__ == '__main__':
    main()
