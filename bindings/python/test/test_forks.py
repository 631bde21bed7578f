"""Forks: of the program that has an executor, and of a call in its worker; and executors within calls."""
import concurrent.futures
import os
import signal
import unittest

import calls
from ringmaster import WorkerDied
from support import CAP, PoolTest, descendants, run_script, until

try:
    import numpy
except ImportError:
    numpy = None

MIB = 1 << 20


def in_child(act):
    """What act() returns, in a forked child: an int below 200."""
    child = os.fork()
    if child == 0:
        status = 255
        try:
            status = act()
        finally:
            os._exit(status)
    return child


def ended(child):
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


class Children(PoolTest):
    @unittest.skipIf(numpy is None, 'needs NumPy')
    def test_results_stay_what_they_are(self):
        array = self.run_call(numpy.full, MIB, 7, dtype='u1')
        small = self.run_call(numpy.full, 20000, 5, dtype='u1')
        wait, go = os.pipe()

        def look():
            os.close(go)
            os.read(wait, 1)  # the parent has dropped it, and has had other results
            if int(array.sum()) != 7 * MIB or int(small.sum()) != 5 * 20000:
                return 1
            array[:] = 3
            return 2 if int(array.sum()) == 3 * MIB else 3
        child = in_child(look)
        os.close(wait)
        del array
        kept = [self.run_call(numpy.full, MIB, 9, dtype='u1') for _ in range(4)]
        os.close(go)
        self.assertEqual(ended(child), 2)
        self.assertEqual([int(one.sum()) for one in kept] + [int(small.sum())], [9 * MIB] * 4 + [5 * 20000])

    def test_they_cannot_use_the_executor(self):
        slow = self.executor.submit(calls.sleep, 0.2)

        def use():
            refused = 0
            for act in (lambda: self.executor.submit(calls.add, 1), lambda: slow.result(CAP), lambda: slow.exception(CAP),
                        self.executor.kill_workers):
                try:
                    act()
                except concurrent.futures.BrokenExecutor:
                    refused += 1
            self.executor.shutdown()  # theirs
            return refused
        self.assertEqual(ended(in_child(use)), 4)
        self.assertEqual(slow.result(CAP), 0.2)
        self.assertEqual(self.run_call(calls.add, 1), 1)

    def test_they_end_as_programs_do(self):
        program = run_script('with Executor(1) as e:\n    e.submit(calls.add, 1).result()\n    slow = e.submit(calls.sleep, 0.2)\n'
                             '    child = os.fork()\n    if child == 0:\n        sys.exit(7)\n'
                             '    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), slow.result(),\n'
                             '          e.submit(calls.add, 2).result())')
        out, errors = program.communicate(timeout=CAP)
        self.assertEqual((out, program.returncode), ('7 0.2 2\n', 0), errors)


class Workers(PoolTest):
    def test_a_call_may_fork(self):
        self.assertEqual(self.run_call(calls.sum_in_child, bytearray(b'\1') * MIB), 1024)

    def test_a_call_may_have_processes_of_multiprocessing(self):
        for method in ('fork', 'spawn'):
            self.assertEqual(self.run_call(calls.square_in_pool, method, 5), ([0, 1, 4, 9, 16], -signal.SIGTERM))

    def test_a_call_may_end_its_worker_by_sigterm(self):
        with self.assertRaises(WorkerDied) as caught:
            self.run_call(calls.kill, signal.SIGTERM)
        self.assertEqual(caught.exception.signal, signal.SIGTERM)

    def test_a_call_may_have_an_executor(self):
        before = descendants(os.getpid())
        self.assertEqual(self.run_call(calls.nested, 4), (5, True))
        until(lambda: not set(descendants(os.getpid())) - set(before), 'nothing is left of it')


if __name__ == '__main__':
    unittest.main()
