"""CPython's tests of ProcessPoolExecutor that cannot pass here, by name, and what they need. All are of CPython's
main."""
NEVER = {
    # They replace functions of concurrent.futures.process, or set a flag of its executor, to have a worker that cannot be
    # replaced. Nothing of that code runs here.
    'test_force_shutdown_during_max_tasks_worker_exit': 'sets _force_shutting_down of the original',
    'test_failed_worker_replacement_breaks_pool': 'replaces _spawn_worker of the original',
    # An executor that was dropped cannot replace a worker there, so that its waiting calls fail; here they are answered.
    'test_shutdown_no_wait_max_tasks_gh119592': 'calls of a dropped executor are to fail',
    'test_gc_during_max_tasks_worker_exit_gh152967': 'calls of a dropped executor are to fail',
}
