"""Calls and results as bytes: a pickle of protocol 5, and large buffers beside it."""
from __future__ import annotations

import copyreg
import pickle
from io import BytesIO
from multiprocessing.reduction import ForkingPickler
from typing import Any

# Flags of a result: bindings/format/task_format.h, bindings/python/native/task_pieces.h.
THROWN = 1
UNREADABLE = 16

# A bytes or bytearray argument of this size or more goes beside the pickle.
_LARGE = 64 << 10

loads = pickle.loads
_registered = ForkingPickler._extra_reducers  # type: ignore[attr-defined]
_table: dict[Any, Any] = {}
_table_sizes = (-1, -1)


def _dispatch_table() -> dict[Any, Any]:
    """What copyreg and multiprocessing know to pickle, in one dict: looked up for every object."""
    global _table, _table_sizes
    sizes = (len(copyreg.dispatch_table), len(_registered))
    if sizes != _table_sizes:
        _table, _table_sizes = {**copyreg.dispatch_table, **_registered}, sizes
    return _table


def encode(value: Any) -> tuple[Any, list[pickle.PickleBuffer] | None]:
    """-> pickle, buffers"""
    buffers: list[pickle.PickleBuffer] = []
    file = BytesIO()
    pickler = pickle.Pickler(file, 5, buffer_callback=buffers.append)
    pickler.dispatch_table = _dispatch_table()
    pickler.dump(value)
    return file.getbuffer(), buffers or None


class _Large:
    """A bytes or bytearray that is not copied into the pickle."""
    __slots__ = ('kind', 'value')

    def __init__(self, value: bytes | bytearray) -> None:
        self.value = value

    def __reduce__(self) -> Any:
        return type(self.value), (pickle.PickleBuffer(self.value),)


def lighten(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The same arguments, with what is large at their top beside the pickle."""
    for one in args:
        if type(one) in (bytes, bytearray) and len(one) >= _LARGE:
            return tuple(_Large(each) if type(each) in (bytes, bytearray) and len(each) >= _LARGE else each
                         for each in args)
    return args


def lighten_result(value: Any) -> Any:
    return _Large(value) if type(value) in (bytes, bytearray) and len(value) >= _LARGE else value
