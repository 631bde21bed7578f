"""Runs a worker's calls, one after the other."""
from __future__ import annotations

import sys
from concurrent.futures.process import _ExceptionWithTraceback
from typing import Any

from . import _codec

_Answer = tuple[int, Any, Any, 'str | None']


def _thrown(failure: BaseException, flags: int) -> _Answer:
    wrapped = _ExceptionWithTraceback(failure, failure.__traceback__)  # type: ignore[arg-type]
    try:
        message = f'{type(failure).__name__}: {failure}'[:400]
    except BaseException:
        message = type(failure).__name__
    return flags, *_codec.encode(wrapped), message


def _answer(payload: Any, buffers: Any) -> _Answer:
    try:
        function, args, kwargs = _codec.loads(payload, buffers=buffers)
    except BaseException as failure:
        return _thrown(failure, _codec.THROWN | _codec.UNREADABLE)
    try:
        value = function(*args, **kwargs)
    except BaseException as failure:
        flags, caught = _codec.THROWN, failure
    else:
        try:
            return 0, *_codec.encode(_codec.lighten_result(value)), None
        except BaseException as failure:
            flags, caught = _codec.THROWN, failure
    try:
        return _thrown(caught, flags)
    except BaseException as failure:  # the exception itself cannot be pickled
        return _thrown(failure, _codec.THROWN)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, ValueError, OSError):
            pass


def serve(worker: Any) -> int:
    """Returns the status to exit with, when this worker is to leave."""
    claim, finish = worker.claim, worker.finish
    while True:
        task = claim()
        if task is None:
            break
        answer = _answer(task[1], task[2])
        # Views of the task that the call has not kept go before the call ends; the others stay good.
        del task
        _flush()
        try:
            finish(*answer)
        except Exception as failure:  # a pickle of more than 4 GiB
            finish(*_thrown(failure, _codec.THROWN))
        del answer
    status: int = worker.leave()
    _end_process()
    return status


def _end_process() -> None:
    """As multiprocessing ends its children: their own children first."""
    import threading
    from multiprocessing import util
    threading._shutdown()  # type: ignore[attr-defined]
    util._exit_function()  # type: ignore[attr-defined]
