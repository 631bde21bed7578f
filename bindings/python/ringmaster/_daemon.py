"""A daemon of this process's own: it has one pool, and ends with it, or with this process, however that ends."""
from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import weakref
from typing import Any

from . import _folders, _programs

POOL = 'python'
FOR_EVER = '1000h'

# What the interpreter and the loader read before a worker can be told its environment.
_EARLY = ('PYTHON', 'LD_', 'LC_', 'MALLOC_', 'GLIBC_')
_EARLY_NAMES = {'HOME', 'LANG', 'TZ', 'PATH', 'VIRTUAL_ENV', 'ASAN_OPTIONS', 'LSAN_OPTIONS', 'UBSAN_OPTIONS'}


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return '{ ' + ', '.join(f'{_toml(key)} = {_toml(one)}' for key, one in value.items()) + ' }'
    return json.dumps(value, ensure_ascii=False).replace('\x7f', '\\u007f')


def _table(name: str, values: dict[str, Any]) -> str:
    return f'[{name}]\n' + ''.join(f'{_toml(key)} = {_toml(value)}\n' for key, value in values.items())


class PrivateDaemon:
    """`options` of the pool: its keys in the configuration."""

    def __init__(self) -> None:
        self.folder = _folders.make()
        self.socket = os.path.join(self.folder, 's')
        self._log = -1  # a memory file, so that the daemon may remove its folder
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = -1

    def start(self, command: list[str], options: dict[str, Any], restart: dict[str, Any], recycle: int,
              cgroup: str = 'auto') -> None:
        """`cgroup`: where workers get one each, if their memory has a limit."""
        early = {name: value for name, value in os.environ.items()
                 if (name.startswith(_EARLY) or name in _EARLY_NAMES) and _is_text(value)}
        daemon = {'log_level': 'warning', 'shutdown_timeout': '1s', 'socket_mode': '0600', 'allow_uids': [os.getuid()],
                  'cgroup': cgroup if 'memory_max' in options else 'off'}
        limits = {'bytes_per_uid': '1024GiB', 'crashes_per_minute': 1000000}
        session = {'request_ring_max': '64GiB', 'result_ring_max': '64GiB'}
        pool = f'pool.{POOL}'
        text = (_table('daemon', daemon) + _table('limits', limits) + _table(pool, {'command': command, **options})
                + _table(f'{pool}.restart', restart) + _table(f'{pool}.session', session)
                + _table(f'{pool}.environment', early))
        if recycle:
            text += _table(f'{pool}.recycle', {'max_jobs': recycle})
        config = os.path.join(self.folder, 'config.toml')
        with open(os.open(config, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), 'w', encoding='utf-8') as file:
            file.write(text)
        theirs, self._owner = os.pipe()  # this end hangs up when this process ends
        _owners.add(self)
        try:
            self._log = os.memfd_create('ringmaster-log', os.MFD_CLOEXEC)
            # The folder is removed by whoever lives longer, this process or the daemon.
            self._process = subprocess.Popen(
                [_programs.daemon(), '--config', config, '--socket', self.socket, '--owner-fd', str(theirs),
                 '--runtime-folder', self.folder],
                stdin=subprocess.DEVNULL, stdout=self._log,
                stderr=None if os.environ.get('RINGMASTER_LOG') else self._log,
                pass_fds=(theirs,), cwd='/', start_new_session=True)
        except BaseException:
            self._forget()
            raise
        finally:
            os.close(theirs)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def listens(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            return probe.connect_ex(self.socket) == 0

    def ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def _words(self) -> str:
        if self._log < 0:
            return ''
        return os.pread(self._log, os.fstat(self._log).st_size, 0).decode(errors='replace')

    def last_words(self) -> str:
        return ' '.join(self._words()[-2000:].split('\n')[-4:]).strip()

    def why_no_memory_limit(self) -> str:
        """'': memory_max is kept, or RINGMASTER_LOG shows already that it is not."""
        told = re.search(r'"memory_max is not enforced.*? reason="((?:[^"\\]|\\.)*)"', self._words())
        return told[1].replace('\\"', '"') if told else ''

    def hang_up(self) -> None:
        """The daemon is to end; workers that are at work have a second. Any number of times, in a forked child too."""
        owner, self._owner = self._owner, -1
        if owner >= 0:
            os.close(owner)

    def kill_workers(self) -> None:
        """The daemon is to end at once, whatever its workers do."""
        self.hang_up()
        if not self.ended():
            self._process.send_signal(signal.SIGTERM)  # type: ignore[union-attr]
            self._process.send_signal(signal.SIGTERM)  # type: ignore[union-attr]

    def end(self) -> None:
        self.hang_up()
        if self._process is not None:
            self._process.wait()
        self._forget()

    def _forget(self) -> None:
        self.hang_up()
        _owners.discard(self)
        log, self._log = self._log, -1
        if log >= 0:
            os.close(log)
        _folders.remove(self.folder)


def _is_text(value: str) -> bool:
    try:
        value.encode('utf-8')
    except UnicodeEncodeError:
        return False
    return True


_owners: weakref.WeakSet[PrivateDaemon] = weakref.WeakSet()


def _after_fork() -> None:
    # A child's copy would keep the daemon alive beyond its owner.
    for one in list(_owners):
        one.hang_up()
    _owners.clear()


os.register_at_fork(after_in_child=_after_fork)
