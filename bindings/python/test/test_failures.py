"""What happens when workers die, hang or take too much; and when the daemon or this process dies."""
import concurrent.futures
import logging
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from unittest import mock

import calls
from ringmaster import BrokenProcessPool, Executor, OutOfMemory, RunTimeout, WorkerDied, _folders
from support import CAP, PoolTest, daemon_of, descendants, is_gone, run_script, until


class Deaths(PoolTest):
    def test_a_crash_fails_its_call_only_and_says_where(self):
        others = [self.executor.submit(calls.add, i) for i in range(3)]
        with self.assertRaises(WorkerDied) as caught:
            self.run_call(calls.segfault)
        death = caught.exception
        self.assertIsInstance(death, BrokenProcessPool)
        self.assertEqual(death.signal, signal.SIGSEGV)
        self.assertIn('in segfault', death.python_stack)
        self.assertIn('calls.py', str(death))
        self.assertEqual([one.result(CAP) for one in others], [0, 1, 2])
        self.assertEqual(self.run_call(calls.add, 1), 1)

    def test_a_killed_worker(self):
        with self.assertRaises(WorkerDied) as caught:
            self.run_call(calls.kill)
        self.assertEqual((caught.exception.signal, caught.exception.exit_code), (signal.SIGKILL, None))
        self.assertEqual(self.run_call(calls.add, 1), 1)

    def test_a_worker_that_exits(self):
        with self.assertRaises(WorkerDied) as caught:
            self.run_call(calls.leave, 7)
        self.assertEqual((caught.exception.signal, caught.exception.exit_code), (None, 7))
        self.assertEqual(self.run_call(calls.add, 1), 1)

    def test_a_worker_that_exits_again_and_again(self):
        with Executor(1, retries=1) as executor:
            with self.assertRaises(WorkerDied) as caught:
                executor.submit(calls.leave, 7).result(CAP)
        self.assertEqual((caught.exception.signal, caught.exception.exit_code), (None, 7))

    def test_a_death_can_be_pickled(self):
        import pickle
        with self.assertRaises(WorkerDied) as caught:
            self.run_call(calls.kill)
        copy = pickle.loads(pickle.dumps(caught.exception))
        self.assertEqual((str(copy), copy.signal), (str(caught.exception), signal.SIGKILL))

    def test_many_calls_while_workers_are_killed(self):
        """Each future is settled once, whatever happens to workers."""
        stop = threading.Event()
        settled = []

        def kill():
            seen = 0
            while not stop.wait(0.05):
                if len(settled) == seen:
                    continue  # on a busy machine a worker takes longer to start than to be killed
                seen = len(settled)
                workers = list(self.executor._processes.values())
                if workers:
                    random.choice(workers).kill()
        killer = threading.Thread(target=kill)
        killer.start()
        try:
            futures = [self.executor.submit(calls.add, i) for i in range(1000)]
            for one in futures:
                one.add_done_callback(settled.append)
            for number, one in enumerate(futures):
                try:
                    self.assertEqual(one.result(CAP), number)
                except WorkerDied:
                    pass
        finally:
            stop.set()
            killer.join()
        self.assertEqual(len(settled), len(futures))
        self.assertEqual(self.run_call(calls.add, 1), 1)


class Limits(unittest.TestCase):
    def test_a_call_that_hangs_is_ended(self):
        with Executor(1, run_timeout=0.3) as executor:
            with self.assertRaises(RunTimeout) as caught:
                executor.submit(calls.spin).result(CAP)
            self.assertIn('in spin', caught.exception.python_stack)
            self.assertEqual(executor.submit(calls.add, 1).result(CAP), 1)

    def test_a_call_that_takes_too_much_memory_is_ended(self):
        """Where a cgroup is delegated; elsewhere it is said that there is no limit."""
        handler, said = logging.Handler(), []
        handler.emit = lambda record: said.append(record.getMessage())
        logging.getLogger('ringmaster').addHandler(handler)
        self.addCleanup(logging.getLogger('ringmaster').removeHandler, handler)
        with Executor(1, memory_max=256 << 20, spares=0, cgroup=os.environ.get('RINGMASTER_TEST_CGROUP')) as executor:
            self.assertEqual(executor.submit(calls.add, 1).result(CAP), 1)
            if said:
                self.assertRegex(said[0], 'memory_max is not kept: .*cgroup')
                self.assertEqual(executor.submit(calls.take, 1 << 20, 0).result(CAP), 1 << 20)
                return
            with self.assertRaises(OutOfMemory):
                executor.submit(calls.take, 1 << 30).result(CAP)
            self.assertEqual(executor.submit(calls.add, 1).result(CAP), 1)

    def test_a_call_is_tried_again(self):
        with tempfile.TemporaryDirectory() as folder, Executor(1, retries=1) as executor:
            self.assertEqual(executor.submit(calls.once_dead, os.path.join(folder, 'x')).result(CAP), 'alive')
            with self.assertRaises(WorkerDied) as caught:
                executor.submit(calls.kill).result(CAP)
            self.assertEqual(caught.exception.attempts, 2)

    def test_strict_breaks_as_a_process_pool_does(self):
        executor = Executor(1, strict=True)
        dying = executor.submit(calls.kill)
        others = [executor.submit(calls.sleep, 5) for _ in range(5)]
        for one in (dying, *others):
            with self.assertRaises(BrokenProcessPool):
                one.result(CAP)
        with self.assertRaises(BrokenProcessPool):
            executor.submit(calls.add, 1)
        executor.shutdown()


class Owners(unittest.TestCase):
    def test_the_supervisor_may_die(self):
        with Executor(1) as executor:
            executor.submit(calls.add, 1).result(CAP)
            for round in range(2):
                running = executor.submit(calls.sleep, 0.3)
                for pid in descendants(daemon_of(executor)):
                    try:
                        with open(f'/proc/{pid}/comm') as file:
                            if file.read().startswith('ringmaster-supe'):
                                os.kill(pid, signal.SIGKILL)
                    except (FileNotFoundError, ProcessLookupError):
                        pass
                self.assertEqual(running.result(CAP), 0.3)
                self.assertEqual(executor.submit(calls.add, round).result(CAP), round)

    def test_the_daemon_may_die(self):
        executor = Executor(1)
        executor.submit(calls.add, 1).result(CAP)
        futures = [executor.submit(calls.sleep, 60) for _ in range(4)]
        below = descendants(daemon_of(executor))
        os.kill(daemon_of(executor), signal.SIGKILL)
        for one in futures:
            with self.assertRaises(BrokenProcessPool):
                one.result(CAP)
        with self.assertRaises(BrokenProcessPool):
            executor.submit(calls.add, 1)
        executor.shutdown()
        for pid in below:
            until(lambda: is_gone(pid), f'process {pid} is gone')

    def test_nothing_is_left_of_a_program_that_is_killed(self):
        for what in ('sleep, 60', 'spin', 'add, 1'):
            with self.subTest(what), tempfile.TemporaryDirectory() as folder, \
                    mock.patch.dict(os.environ, XDG_RUNTIME_DIR=folder):
                program = run_script(f'e = Executor(2)\ne.submit(calls.add, 1).result()\n'
                                     f'e.submit(calls.{what})\nprint("up", flush=True)\ntime.sleep(60)')
                self.assertEqual(program.stdout.readline(), 'up\n')
                below = descendants(program.pid)
                self.assertGreater(len(below), 2)
                self.assertEqual(len(os.listdir(folder)), 1)
                program.kill()
                program.communicate()
                for pid in below:
                    until(lambda: is_gone(pid), f'process {pid} is gone')
                self.assertEqual(os.listdir(folder), [])

    def test_nothing_is_left_of_executors_in_workers_that_are_killed(self):
        with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, XDG_RUNTIME_DIR=folder):
            with Executor(1) as executor:
                for depth in range(3):
                    with self.subTest(depth=depth), self.assertRaises(WorkerDied):
                        executor.submit(calls.nest_and_die, depth).result(CAP)
                    self.assertEqual(os.listdir(folder), [os.path.basename(executor._pool.backend.folder)])
            self.assertEqual(os.listdir(folder), [])

    def test_what_killed_programs_have_left_is_removed_by_the_next_one_and_nothing_else(self):
        with tempfile.TemporaryDirectory() as base, socket.socket(socket.AF_UNIX) as daemon, \
                socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as program, socket.socket(socket.AF_UNIX) as dead:
            def make(name, *files, listener=None, at=''):
                os.mkdir(os.path.join(base, name))
                for file in files:
                    path = os.path.join(base, name, file)
                    os.makedirs(os.path.dirname(path), exist_ok=True)
                    open(path, 'x').close()
                if listener is not None:
                    listener.bind(os.path.join(base, name, at))
                    listener.listen()
            make('ringmaster-python-gone', 'config.toml', 's.lock', 'r-abc_1234/config.toml', listener=dead, at='s')
            dead.close()
            make('ringmaster-python-empty')
            make('ringmaster-python-user', 'config.toml', 'thesis.txt')
            make('ringmaster-python-deep', 'config.toml', 'r-abc_1234/thesis.txt')
            make('ringmaster-python-folder', 's/thesis.txt')
            make('ringmaster-python-link')
            os.symlink('/', os.path.join(base, 'ringmaster-python-link', 'config.toml'))
            make('r-thesis')
            make('r-abc_1234', 'config.toml')
            make('ringmaster-python-daemon', listener=daemon, at='s')
            make('ringmaster-python-program', listener=program, at='w')
            make('another')
            for name in os.listdir(base):
                os.utime(os.path.join(base, name), (1000, 1000))
            make('ringmaster-python-young')
            with mock.patch.object(_folders, '_swept', False), mock.patch.object(_folders, 'outer', None), \
                    mock.patch.dict(os.environ, XDG_RUNTIME_DIR=base):
                _folders.remove(_folders.make())
            others = ['another'] + ['ringmaster-python-' + name for name in ('daemon', 'deep', 'folder', 'link', 'program', 'user', 'young')]
            self.assertEqual(sorted(os.listdir(base)), sorted([*others, 'r-abc_1234', 'r-thesis']))
            with mock.patch.object(_folders, '_swept', False), mock.patch.object(_folders, 'outer', base):
                _folders.remove(_folders.make())
            self.assertEqual(sorted(os.listdir(base)), others)
            program.setblocking(False)
            self.assertRaises(BlockingIOError, program.accept)  # nobody was disturbed

    def test_a_forked_child_keeps_nothing_alive(self):
        program = run_script('e = Executor(1)\ne.submit(calls.add, 1).result()\nchild = os.fork()\n'
                             'if child == 0:\n    time.sleep(60)\n    os._exit(0)\n'
                             'print(child, e._pool.backend.daemon_pid, flush=True)\ntime.sleep(60)')
        child, daemon = map(int, program.stdout.readline().split())
        program.kill()
        program.wait()
        until(lambda: is_gone(daemon), 'the daemon is gone')
        self.assertFalse(is_gone(child))
        os.kill(child, signal.SIGKILL)
        program.communicate()

    def test_a_program_ends_by_itself_and_its_calls_are_answered(self):
        program = run_script('e = Executor(1)\ne.submit(calls.say, "one")\ne.submit(calls.say, "two")')
        out, errors = program.communicate(timeout=CAP)
        self.assertEqual((out, program.returncode), ('one\ntwo\n', 0), errors)

    def test_ctrl_c_ends_a_wait_and_loses_nothing(self):
        program = run_script('e = Executor(1)\nslow = e.submit(calls.sleep, 1)\n'
                             'try:\n    print("up", flush=True)\n    slow.result()\n'
                             'except KeyboardInterrupt:\n    print("interrupted", slow.done(), slow.result())')
        self.assertEqual(program.stdout.readline(), 'up\n')
        time.sleep(0.2)
        program.send_signal(signal.SIGINT)
        out, errors = program.communicate(timeout=CAP)
        self.assertEqual((out, program.returncode), ('interrupted False 1\n', 0), errors)

    def test_interrupts_lose_no_future(self):
        """SIGINT at any moment of submitting and collecting."""
        program = run_script(
            'armed = [False]\n'
            'def interrupt(*_):\n'
            '    if armed[0]:\n'
            '        armed[0] = False\n'
            '        raise KeyboardInterrupt\n'
            'signal.signal(signal.SIGINT, interrupt)\n'
            'e = Executor(1)\ne.submit(calls.add, 1).result()\nfutures, hits, i = [], 0, 0\nprint("up", flush=True)\n'
            'end = time.monotonic() + 3\n'
            'while time.monotonic() < end:\n'
            '    try:\n'
            '        armed[0] = True\n'
            '        futures.append((i, e.submit(calls.add, i)))\n        i += 1\n        futures[-1][1].result(30)\n'
            '    except KeyboardInterrupt:\n        hits += 1\n'
            '    armed[0] = False\n'
            'bad = [n for n, f in futures if f.result(30) != n]\n'
            'e.shutdown()\nprint(hits > 20, bad)')
        self.assertEqual(program.stdout.readline(), 'up\n')
        while program.poll() is None and select_line(program, 0.003) is None:
            program.send_signal(signal.SIGINT)
        out, errors = program.communicate(timeout=CAP)
        self.assertEqual((out, program.returncode), ('True []\n', 0), errors)


def select_line(program, timeout):
    import select
    return program.stdout if select.select([program.stdout], [], [], timeout)[0] else None


if __name__ == '__main__':
    unittest.main()
