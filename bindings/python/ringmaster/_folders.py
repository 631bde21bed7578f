"""Folders of private daemons: their sockets and configuration. Each goes with its daemon or with its program, whoever lives
longer. Where both are killed at once, as a worker is with everything that its call has started, it goes with the executor
whose worker that was: its folder lies in that one's. What is left all the same the next program removes."""
from __future__ import annotations

import errno
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterable

_PREFIX = 'ringmaster-python-'
_INNER = 'r-'  # of a folder in another's: short
_RANDOM = 8  # characters that mkdtemp adds
_MOST = 107 - len('/') - _RANDOM - len('/s.lock')  # bytes of a socket's path
_YOUNG = 60  # seconds: nobody may be listening in it yet
_SOCKETS = ('s', 'w')

# Where this process is a worker: the folder of the executor that the program itself has made, however deep this is below it.
outer: str | None = None
_swept = False


def make() -> str:
    """A new folder that only this user may enter."""
    global _swept
    bases = [(outer, _INNER), *((base, _PREFIX) for base in (os.environ.get('XDG_RUNTIME_DIR'), tempfile.gettempdir(), '/tmp'))]
    for base, prefix in bases:
        if base and len(os.fsencode(base)) + len(prefix) <= _MOST and os.access(base, os.W_OK):
            break
    else:
        base, prefix = tempfile.gettempdir(), _PREFIX
    if not _swept:
        _swept = True
        sweep(base)
    return tempfile.mkdtemp(prefix=prefix, dir=base)


def remove(folder: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def sweep(base: str) -> None:
    """Removes this user's folders that nobody listens in any more. What cannot be looked at is left to others."""
    try:
        with os.scandir(base) as entries:
            old = [one.path for one in entries if one.name.startswith((_PREFIX, _INNER)) and _is_old(one)]
    except OSError:
        return
    for folder in old:
        if not any(_is_served(os.path.join(folder, name)) for name in _SOCKETS):
            remove(folder)


def _is_old(entry: os.DirEntry[str]) -> bool:
    try:
        status = entry.stat(follow_symlinks=False)
    except OSError:
        return False
    return (entry.is_dir(follow_symlinks=False) and status.st_uid == os.getuid()
            and time.time() - status.st_mtime >= _YOUNG)


# Of another kind than the workers' socket: there it is told that somebody listens, and nobody is disturbed.
def _is_served(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            return probe.connect_ex(path) not in (errno.ECONNREFUSED, errno.ENOENT)
        except OSError:  # a path that is too long
            return True
