"""Supervised worker processes behind concurrent.futures.

    from ringmaster import Executor

    with Executor() as executor:
        print(executor.submit(pow, 2, 10).result())

A worker that crashes, hangs or takes too much memory fails its own call only, and is replaced.
"""
from .errors import BrokenProcessPool, OutOfMemory, RunTimeout, WorkerDied
from .executor import Executor

__version__ = '0.2.0'
__all__ = ['BrokenProcessPool', 'Executor', 'OutOfMemory', 'RunTimeout', 'WorkerDied', '__version__']
