"""What a ProcessPoolExecutor does too."""
import asyncio
import concurrent.futures
import functools
import multiprocessing
import operator
import os
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import unittest.mock

import calls
from ringmaster import BrokenProcessPool, Executor
from ringmaster._daemon import PrivateDaemon
from ringmaster._future import Future
from ringmaster._pool import _label_of
from support import CAP, PoolTest, daemon_of, is_gone, until


class Calls(PoolTest):
    def test_a_result_comes_back(self):
        self.assertEqual(self.run_call(calls.add, 2, b=3), 5)
        self.assertEqual(self.run_call(operator.add, [1], [2]), [1, 2])

    def test_another_process_runs_it(self):
        self.assertNotEqual(self.run_call(os.getpid), os.getpid())

    def test_an_exception_comes_back_with_its_remote_traceback(self):
        with self.assertRaises(ValueError) as caught:
            self.run_call(calls.fail, 'no luck')
        self.assertEqual(caught.exception.args, ('no luck',))
        self.assertIn('in fail', str(caught.exception.__cause__))
        self.assertIn('calls.py', str(caught.exception.__cause__))

    def test_an_exception_that_is_false_is_one(self):
        with self.assertRaises(calls.Falsy):
            self.run_call(calls.fail_falsely)

    def test_keyboard_interrupt_and_exit_of_a_call_are_the_caller_s(self):
        with self.assertRaises(KeyboardInterrupt):
            self.run_call(calls.interrupt)
        with self.assertRaises(SystemExit):
            self.run_call(__import__('sys').exit, 3)
        self.assertEqual(self.run_call(calls.add, 1), 1)

    def test_a_call_is_known_by_its_function_s_name(self):
        self.assertEqual(_label_of(calls.add), 'add')
        self.assertEqual(_label_of(calls.Named.twice), 'Named.twice')
        self.assertEqual(_label_of(calls.Named('x')), 'x')
        self.assertEqual(_label_of(functools.partial(calls.add, 1)), 'partial')
        for odd in ('a\0b', '\udc80', 'x' * 1000, 7):
            self.assertEqual(self.run_call(calls.Named(odd), 4), 8, odd)

    def test_what_cannot_be_pickled_fails_alone(self):
        with self.assertRaises(ValueError):
            self.run_call(calls.add, calls.Unpicklable())
        with self.assertRaises(ValueError):
            self.run_call(calls.give, calls.Unpicklable)
        with self.assertRaises(Exception):
            self.run_call(lambda: 1)
        with self.assertRaisesRegex(Exception, 'non-contiguous'):
            self.run_call(calls.scattered)
        self.assertEqual(self.run_call(calls.add, 1), 1)

    def test_what_cannot_be_read_fails_alone(self):
        with self.assertRaisesRegex(LookupError, 'cannot be read'):
            self.run_call(calls.add, calls.Unreadable())
        with self.assertRaisesRegex(LookupError, 'cannot be read'):
            self.run_call(calls.give, calls.Unreadable)
        self.assertEqual(self.run_call(calls.add, 1), 1)

    def test_map_keeps_order_with_and_without_chunks(self):
        for options in ({}, {'chunksize': 7}, {'buffersize': 3}, {'chunksize': 4, 'buffersize': 2}):
            with self.subTest(**options):
                found = list(self.executor.map(calls.add, range(100), range(100), **options))
                self.assertEqual(found, [2 * i for i in range(100)])

    def test_map_with_a_buffer_takes_no_more_than_that(self):
        taken = []
        results = self.executor.map(calls.add, (taken.append(i) or i for i in range(100)), buffersize=4)
        self.assertEqual(len(taken), 4)
        self.assertEqual(next(results), 0)
        self.assertEqual(len(taken), 5)
        results.close()

    def test_map_times_out(self):
        results = self.executor.map(calls.sleep, [0, 0.5], timeout=0.2)
        self.assertEqual(next(results), 0)
        with self.assertRaises(concurrent.futures.TimeoutError):
            next(results)

    def test_bad_arguments(self):
        for bad in ({'max_workers': 0}, {'max_workers': -1}, {'max_workers': 1000}, {'run_timeout': 0}, {'retries': -1},
                    {'max_tasks_per_child': 0}):
            with self.subTest(**bad), self.assertRaises(ValueError):
                Executor(**bad)
        with self.assertRaises(TypeError):
            Executor(initializer=3)
        with self.assertRaises(TypeError):
            Executor(max_tasks_per_child='x')
        with self.assertRaises(ValueError):
            self.executor.map(calls.add, [1], chunksize=0)
        with self.assertRaises(ValueError):
            Executor(mp_context=multiprocessing.get_context('fork'), max_tasks_per_child=1)

    def test_wait_and_as_completed(self):
        futures = [self.executor.submit(calls.add, i) for i in range(20)]
        self.assertEqual(sorted(one.result() for one in concurrent.futures.as_completed(futures, CAP)), list(range(20)))
        slow = self.executor.submit(calls.sleep, 0.3)
        done, pending = concurrent.futures.wait([slow], 0.01)
        self.assertEqual((done, pending), (set(), {slow}))
        done, pending = concurrent.futures.wait([slow], CAP)
        self.assertEqual((done, pending), ({slow}, set()))

    def test_callbacks_are_called(self):
        called = threading.Event()
        self.executor.submit(calls.add, 1).add_done_callback(lambda _: called.set())
        self.assertTrue(called.wait(CAP))

    def test_what_a_callback_raises_is_its_own(self):
        for kind in (ValueError, SystemExit, KeyboardInterrupt):
            def fail(_):
                raise kind('from a callback')
            heard = threading.Event()
            slow = self.executor.submit(calls.sleep, 0.05)
            with self.assertLogs('concurrent.futures', 'ERROR'):
                slow.add_done_callback(fail)
                self.executor.submit(calls.add, 1).add_done_callback(lambda _: heard.set())
                self.assertTrue(heard.wait(CAP))
            self.assertEqual(self.run_call(calls.add, 1), 1)

    def test_a_wait_times_out_and_the_result_still_comes(self):
        slow = self.executor.submit(calls.sleep, 0.2)
        with self.assertRaises(concurrent.futures.TimeoutError):
            slow.result(0.01)
        self.assertEqual(slow.result(CAP), 0.2)

    def test_many_threads_share_it(self):
        failures = []

        def work(number):
            for i in range(200):
                if self.executor.submit(calls.add, number, b=i).result(CAP) != number + i:
                    failures.append((number, i))
        threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
        for one in threads:
            one.start()
        for one in threads:
            one.join(CAP)
        self.assertEqual((failures, [one.is_alive() for one in threads]), ([], [False] * 6))

    def test_one_waits_while_others_only_listen(self):
        """Results go to callbacks, to waiting callers and to as_completed() in turns."""
        for _ in range(30):
            heard = threading.Event()
            self.executor.submit(calls.add, 1).add_done_callback(lambda _: heard.set())
            self.assertEqual(self.executor.submit(calls.add, 2).result(CAP), 2)
            self.assertTrue(heard.wait(CAP))
            concurrent.futures.wait([self.executor.submit(calls.add, 3)], CAP)

    def test_asyncio(self):
        async def main():
            loop = asyncio.get_running_loop()
            one = await asyncio.wrap_future(self.executor.submit(calls.add, 1))
            two = await loop.run_in_executor(self.executor, calls.add, 2)
            many = await asyncio.gather(*(loop.run_in_executor(self.executor, calls.add, i) for i in range(50)))
            return one, two, many
        self.assertEqual(asyncio.run(main()), (1, 2, list(range(50))))

    def test_joblib(self):
        try:
            import joblib
        except ImportError:
            self.skipTest('needs joblib')
        from ringmaster.joblib import register
        register()
        with joblib.parallel_backend('ringmaster', n_jobs=2):
            self.assertEqual(joblib.Parallel()(joblib.delayed(calls.add)(i, b=1) for i in range(300)),
                             list(range(1, 301)))
            with self.assertRaises(ValueError):
                joblib.Parallel()(joblib.delayed(calls.fail)('x') for _ in range(3))
            with self.assertRaises(TimeoutError):
                joblib.Parallel(timeout=0.2)(joblib.delayed(time.sleep)(CAP) for _ in range(2))

    def test_output_is_this_process_s(self):
        script = ('import calls, support\nfrom ringmaster import Executor\nif __name__ == "__main__":\n'
                  ' with Executor(1) as e: e.submit(calls.say, "hello").result()\n')
        ran = subprocess.run([sys.executable, '-c', script], capture_output=True, text=True, timeout=CAP,
                             cwd=os.path.dirname(os.path.abspath(__file__)))
        self.assertEqual((ran.stdout, ran.stderr, ran.returncode), ('hello\n', 'hello\n', 0), ran.stderr)

    def test_the_environment_is_this_process_s(self):
        os.environ['RINGMASTER_TEST_VALUE'] = 'a "quoted"\n line'
        try:
            with Executor(1) as executor:
                self.assertEqual(executor.submit(calls.environment, 'RINGMASTER_TEST_VALUE').result(CAP),
                                 'a "quoted"\n line')
        finally:
            del os.environ['RINGMASTER_TEST_VALUE']

    def test_other_threads_of_a_worker_run_while_it_waits(self):
        self.run_call(calls.threads_run)
        until(lambda: self.run_call(calls.threads_run) > 5, 'the thread counts')


class Growth(unittest.TestCase):
    """As many workers as there are calls at once."""

    def meet(self, executor, count):
        with tempfile.TemporaryDirectory() as folder:
            futures = [executor.submit(calls.meet, folder, count) for _ in range(count)]
            self.assertEqual(len({one.result(CAP) for one in futures}), count)

    def test_one_call_after_the_other_has_one_worker(self):
        with Executor(64) as executor:
            pids = {executor.submit(os.getpid).result(CAP) for _ in range(20)}
            self.assertEqual(len(pids), 1)
            self.assertLessEqual(len(executor._processes), 2)  # and a spare

    def test_calls_at_once_have_a_worker_each(self):
        with Executor(4, spares=0) as executor:
            executor.submit(calls.add, 1).result(CAP)
            self.meet(executor, 4)
            self.assertEqual(len(executor._processes), 4)

    def test_workers_that_are_not_needed_go(self):
        with Executor(3, spares=0, idle_timeout=0.05) as executor:
            self.meet(executor, 3)
            until(lambda: len(executor._processes) == 1, 'one is left')
            self.meet(executor, 3)


class Life(unittest.TestCase):
    def test_queued_calls_are_cancelled(self):
        with Executor(1) as executor:
            blocking = executor.submit(calls.sleep, 0.3)
            queued = [executor.submit(calls.add, i) for i in range(10)]
            cancelled = [one for one in queued if one.cancel()]
            self.assertIn(queued[-1], cancelled)
            self.assertEqual(blocking.result(CAP), 0.3)
            for number, one in enumerate(queued):
                if one not in cancelled:
                    self.assertEqual(one.result(CAP), number)

    def test_the_initializer_runs_in_each_worker(self):
        with Executor(2, initializer=calls.set_up, initargs=('ready',)) as executor:
            self.assertEqual([executor.submit(calls.state).result(CAP) for _ in range(6)], ['ready'] * 6)

    def test_an_initializer_that_fails_breaks_the_executor(self):
        with Executor(1, initializer=calls.fail_to_set_up) as executor:
            with self.assertRaisesRegex(BrokenProcessPool, 'not today'):
                executor.submit(calls.add, 1).result(CAP)
            until(lambda: executor._broken, 'it is broken')
            with self.assertRaises(BrokenProcessPool):
                executor.submit(calls.add, 1)

    def test_queues_and_locks_in_initargs(self):
        context = multiprocessing.get_context('spawn')
        queue = context.Queue()
        with Executor(1, initializer=calls.put, initargs=(queue, 'from the worker'), spares=0) as executor:
            executor.submit(calls.add, 1).result(CAP)
            self.assertEqual(queue.get(timeout=CAP), 'from the worker')
        queue.close()

    def test_max_tasks_per_child(self):
        with Executor(1, max_tasks_per_child=2) as executor:
            pids = [executor.submit(os.getpid).result(CAP) for _ in range(6)]
        self.assertEqual([pids.count(pid) for pid in dict.fromkeys(pids)], [2, 2, 2])

    def test_shutdown_waits_for_all(self):
        executor = Executor(2)
        futures = [executor.submit(calls.sleep, 0.01) for _ in range(10)]
        executor.shutdown()
        self.assertTrue(all(one.done() and one.result() == 0.01 for one in futures))
        with self.assertRaises(RuntimeError):
            executor.submit(calls.add, 1)
        executor.shutdown()

    def test_shutdown_without_waiting(self):
        executor = Executor(1)
        future = executor.submit(calls.sleep, 0.2)
        executor.shutdown(wait=False)
        self.assertEqual(future.result(CAP), 0.2)
        executor._executor_manager_thread.join(CAP)

    def test_shutdown_cancels_what_waits(self):
        executor = Executor(1)
        futures = [executor.submit(calls.sleep, 0.1) for _ in range(30)]
        executor.shutdown(cancel_futures=True)
        self.assertTrue(all(one.done() for one in futures))
        self.assertGreater(sum(one.cancelled() for one in futures), 20)

    def test_shutdown_before_the_first_call(self):
        Executor(1).shutdown()

    def test_nothing_is_left_after_shutdown(self):
        with Executor(2) as executor:
            pids = {executor.submit(os.getpid).result(CAP) for _ in range(8)}
            daemon = daemon_of(executor)
            folder = executor._pool.backend.folder
        for pid in [*pids, daemon]:
            until(lambda: is_gone(pid), f'process {pid} is gone')
        self.assertFalse(os.path.exists(folder))

    def test_an_executor_that_is_dropped_ends(self):
        executor = Executor(1)
        future = executor.submit(calls.add, 1)
        thread, daemon = executor._executor_manager_thread, daemon_of(executor)
        self.assertEqual(future.result(CAP), 1)
        del executor
        thread.join(CAP)
        self.assertFalse(thread.is_alive())
        until(lambda: is_gone(daemon), 'the daemon is gone')

    def test_calls_of_a_dropped_executor_are_answered(self):
        futures = [Executor(1).submit(calls.sleep, 0.1) for _ in range(2)]
        self.assertEqual([one.result(CAP) for one in futures], [0.1, 0.1])

    def test_no_descriptor_is_left(self):
        def count():
            return len(os.listdir('/proc/self/fd'))
        with Executor(1) as executor:
            executor.submit(calls.add, 1).result(CAP)
        before = count()
        for _ in range(3):
            with Executor(1) as executor:
                executor.submit(calls.add, 1).result(CAP)
        self.assertEqual(count(), before)

    def test_a_socket_without_a_pool_is_refused(self):
        with self.assertRaisesRegex(ValueError, 'socket= needs pool='):
            Executor(1, socket='/nowhere')

    def test_a_pool_of_a_daemon_that_is_there(self):
        here = os.path.dirname(os.path.abspath(__file__))
        with unittest.mock.patch.dict(os.environ, PYTHONPATH=os.pathsep.join([here, os.environ.get('PYTHONPATH', '')])):
            daemon = PrivateDaemon()
            daemon.start([sys.executable, '-m', 'ringmaster.worker'], {'workers': 1}, {}, 0)
        try:
            until(lambda: os.path.exists(daemon.socket), 'the daemon listens')
            with Executor(1, socket=daemon.socket, pool='python') as executor:
                self.assertEqual(executor.submit(calls.add, 2, b=3).result(CAP), 5)
                for size in (500000, 5000000):
                    self.assertEqual(executor.submit(calls.zeros, size).result(CAP), bytes(size))
                with self.assertRaises(BrokenProcessPool):
                    executor.submit(calls.kill).result(CAP)
                self.assertEqual(executor.submit(calls.add, 1).result(CAP), 1)
        finally:
            daemon.end()

    def test_no_call_is_lost_while_it_ends(self):
        executor = Executor(1)
        executor.submit(calls.add, 1).result(CAP)
        pool = executor._pool
        pool.stop(False)
        with self.assertRaisesRegex(RuntimeError, 'after shutdown'):
            # A call that was asked for before, in another thread.
            pool.submit(Future(), b'', None, calls.add)
        pool.join()

    def test_workers_are_ended_gently_or_not(self):
        with tempfile.TemporaryDirectory() as folder:
            for end, gently in ((Executor.terminate_workers, True), (Executor.kill_workers, False)):
                path, ready = os.path.join(folder, 'path'), os.path.join(folder, end.__name__)
                executor = Executor(1)
                future = executor.submit(calls.await_termination, path, ready)
                waiting = executor.submit(calls.add, 1)
                until(lambda: os.path.exists(ready), 'it runs')
                end(executor)
                with self.assertRaises(BrokenProcessPool):
                    future.result(CAP)
                with self.assertRaises((BrokenProcessPool, concurrent.futures.CancelledError)):
                    waiting.result(CAP)
                self.assertEqual(os.path.exists(path), gently)
                if gently:
                    os.unlink(path)

    def test_terminate_workers(self):
        executor = Executor(1)
        future = executor.submit(calls.sleep, 60)
        until(future.running, 'it runs')
        executor.terminate_workers()
        with self.assertRaises(BrokenProcessPool):
            future.result(CAP)


if __name__ == '__main__':
    unittest.main()
