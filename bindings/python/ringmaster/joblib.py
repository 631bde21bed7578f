"""ringmaster as a backend of joblib.

    from ringmaster.joblib import register
    register()
    with joblib.parallel_backend('ringmaster'):
        ...
"""
from __future__ import annotations

from typing import Any, Callable

from joblib import register_parallel_backend  # type: ignore[import]
from joblib._parallel_backends import (  # type: ignore[import]
    AutoBatchingMixin, ParallelBackendBase, SequentialBackend)

from .executor import Executor, _usable_cpus


class _Result:
    """What older joblibs ask for a result: `get(timeout)`."""

    def __init__(self, future: Any) -> None:
        self._future = future

    def get(self, timeout: float | None = None) -> Any:
        return self._future.result(timeout)


class RingmasterBackend(AutoBatchingMixin, ParallelBackendBase):  # type: ignore[misc]
    """`options` of the parallel_backend() call are the executor's."""

    supports_retrieve_callback = True
    supports_inner_max_num_threads = False
    supports_timeout = True  # of joblib.Parallel: joblib waits so long for each result, and then aborts
    _executor: Executor | None = None

    def __init__(self, *args: Any, **options: Any) -> None:
        base = {name: options.pop(name) for name in ('nesting_level', 'inner_max_num_threads') if name in options}
        super().__init__(*args, **base)
        self._options = options

    def effective_n_jobs(self, n_jobs: int | None) -> int:
        if n_jobs == 0:
            raise ValueError('n_jobs == 0 in Parallel has no meaning')
        if n_jobs is None:
            return 1
        return n_jobs if n_jobs > 0 else max(_usable_cpus() + 1 + n_jobs, 1)

    def configure(self, n_jobs: int = 1, parallel: Any = None, **_: Any) -> int:
        count = self.effective_n_jobs(n_jobs)
        self.parallel = parallel
        if self._executor is None or self._executor._max_workers != count or self._executor._broken:
            self.terminate()
            self._executor = Executor(count, **self._options)
        return count

    def terminate(self) -> None:
        executor, self._executor = self._executor, None
        if executor is not None:
            executor.shutdown()

    def submit(self, func: Callable[[], Any], callback: Callable[[Any], None] | None = None) -> Any:
        assert self._executor is not None
        future = self._executor.submit(func)
        if callback is not None:
            future.add_done_callback(callback)
        return future

    def retrieve_result_callback(self, out: Any) -> Any:
        return out.result()

    def apply_async(self, func: Callable[[], Any], callback: Callable[[Any], None] | None = None) -> _Result:
        return _Result(self.submit(func, callback))

    def abort_everything(self, ensure_ready: bool = True) -> None:
        executor, self._executor = self._executor, None
        if executor is not None:
            executor.terminate_workers()
        if ensure_ready:
            self.configure(n_jobs=self.parallel.n_jobs, parallel=self.parallel)

    def get_nested_backend(self) -> Any:
        level = getattr(self, 'nesting_level', 0) or 0
        return SequentialBackend(nesting_level=level + 1), None


def register(name: str = 'ringmaster') -> None:
    register_parallel_backend(name, RingmasterBackend)
