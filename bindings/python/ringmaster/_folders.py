"""Folders of private daemons: their sockets and configuration. Each goes with its daemon or with its program, whoever lives
longer. Where both are killed at once, as a worker is with everything that its call has started, it goes with the executor
whose worker that was: its folder lies in that one's. What is left all the same the next program removes."""
from __future__ import annotations

import errno
import os
import re
import shutil
import socket
import stat
import tempfile
import time
from collections.abc import Iterable

_PREFIX = 'ringmaster-python-'
_INNER = 'r-'  # of a folder in another's: short
_RANDOM = 8  # characters that mkdtemp adds
_MOST = 107 - len('/') - _RANDOM - len('/s.lock')  # bytes of a socket's path
_YOUNG = 60  # seconds: nobody may be listening in it yet
_SOCKETS = ('s', 'w')
# All that is made in such a folder. One that holds anything else is not ours to remove, whatever its name.
_FILES = ('config.toml', 's', 's.lock', 'w')
_FOLDERS = re.compile(r'r-[a-z0-9_]{8}')

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
        sweep(base, prefix)
    return tempfile.mkdtemp(prefix=prefix, dir=base)


def remove(folder: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def sweep(base: str, prefix: str) -> None:
    """Removes this user's folders that nobody listens in any more. What cannot be looked at is left to others.

    prefix: of their names. The short one says whose they are only in another executor's folder."""
    try:
        with os.scandir(base) as entries:
            old = [one.path for one in entries if one.name.startswith(prefix) and _is_old(one)]
    except OSError:
        return
    for folder in old:
        if not any(_is_served(os.path.join(folder, name)) for name in _SOCKETS) and _is_ours(folder):
            remove(folder)


def _is_ours(folder: str) -> bool:
    try:
        with os.scandir(folder) as entries:
            return all(_is_made(one) for one in entries)
    except OSError:
        return False


def _is_made(entry: os.DirEntry[str]) -> bool:
    if entry.is_dir(follow_symlinks=False):
        return _FOLDERS.fullmatch(entry.name) is not None and _is_ours(entry.path)
    mode = entry.stat(follow_symlinks=False).st_mode
    return entry.name in _FILES and (stat.S_ISREG(mode) or stat.S_ISSOCK(mode))


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
