"""The exception of a call that its worker did not answer."""
from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

from .errors import BrokenProcessPool, OutOfMemory, RunTimeout, WorkerDied

if TYPE_CHECKING:
    from . import _client
    from ._pool import Pool

# How long the names of a stack's functions may take.
_STACK_PATIENCE = 2.0
_SET_ASIDE = 'set aside: killed its worker too often'
_EXIT = 256  # Its detail from here on: an exit status, else a signal.
_TOOK_THE_WORKER = {'crashed by signal': WorkerDied, 'worker exited': WorkerDied,
                    _SET_ASIDE: WorkerDied,
                    'out of memory': OutOfMemory, 'run timeout': RunTimeout}


def _signal(number: int) -> signal.Signals | int:
    try:
        return signal.Signals(number)
    except ValueError:
        return number


def failure_of(failure: _client.Failure, pool: Pool) -> Exception:
    if failure.cause == 'result too large':
        return MemoryError(failure.describe())
    kind = _TOOK_THE_WORKER.get(failure.cause)
    if kind is None:
        return BrokenProcessPool(failure.describe())
    failure.explain(_STACK_PATIENCE)
    facts: dict[str, Any] = {'worker': failure.worker, 'attempts': failure.attempts, 'stack': failure.stack,
                             'job_id': failure.job_id}
    if failure.cause == 'worker exited':
        facts['exit_code'] = failure.detail
    elif failure.cause == _SET_ASIDE and failure.detail >= _EXIT:
        facts['exit_code'] = failure.detail - _EXIT
    elif failure.detail:
        facts['signal'] = _signal(failure.detail)
    workers = pool.backend.workers
    if workers is not None:
        facts['python_stack'] = workers.stack_of(failure.job_id)
    return kind(f'the worker process died over this call: {failure.describe()}', **facts)
