"""Why a call has no result."""
from __future__ import annotations

import signal as _signal
from concurrent.futures.process import BrokenProcessPool
from typing import Any

__all__ = ['WorkerDied', 'RunTimeout', 'OutOfMemory', 'BrokenProcessPool']


class WorkerDied(BrokenProcessPool):
    """The worker process died while it ran this call. Other calls go on in other processes.

    `signal` is the signal that ended it, or None; `exit_code` the status that it exited with, or None; `worker` its name;
    `attempts` how often the call was run; `python_stack` and `stack` show where it was: in Python, and in native code.
    """

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(message)
        self.signal: _signal.Signals | int | None = facts.get('signal')
        self.exit_code: int | None = facts.get('exit_code')
        self.worker: str = facts.get('worker', '')
        self.attempts: int = facts.get('attempts', 0)
        self.stack: str = facts.get('stack', '')
        self.python_stack: str = facts.get('python_stack', '')
        self.job_id: int = facts.get('job_id', 0)

    def __str__(self) -> str:
        text = str(self.args[0])
        if self.python_stack:
            text += '\n\nPython stack of the worker:\n' + self.python_stack.rstrip()
        if self.stack:
            text += '\n\nNative stack of the worker:\n' + self.stack.rstrip()
        return text

    def __reduce__(self) -> Any:
        return _remake, (type(self), self.args[0], self.__dict__)


class RunTimeout(WorkerDied):
    """The call took longer than `run_timeout`; its worker was killed."""


class OutOfMemory(WorkerDied):
    """The worker used more than `memory_max` and was killed."""


def _remake(kind: type[WorkerDied], message: str, facts: dict[str, Any]) -> WorkerDied:
    return kind(message, **facts)
