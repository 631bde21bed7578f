"""What the tests share."""
import os
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from ringmaster import Executor  # noqa: E402

CAP = 60  # seconds; generous: nothing here measures time


def is_gone(pid):
    try:
        with open(f'/proc/{pid}/stat') as file:
            return file.read().rsplit(')', 1)[1].split()[0] in 'ZX'
    except (FileNotFoundError, ProcessLookupError):
        return True


def until(condition, what):
    end = time.monotonic() + CAP
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f'not within {CAP} s: {what}')
        time.sleep(0.002)


def descendants(pid):
    """All processes below one, as pids."""
    found, new = [], [pid]
    while new:
        one = new.pop()
        try:
            for task in os.listdir(f'/proc/{one}/task'):
                with open(f'/proc/{one}/task/{task}/children') as file:
                    new += (children := [int(child) for child in file.read().split()])
                    found += children
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


def run_script(text):
    """A program that uses an executor, in a process of its own; its first line of output, and the process."""
    head = ('import calls, os, signal, sys, time, threading\nfrom ringmaster import Executor\n'
            'if __name__ == "__main__":\n')
    body = ''.join(f'    {line}\n' for line in text.splitlines())
    return subprocess.Popen([sys.executable, '-c', head + body], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, cwd=os.path.dirname(os.path.abspath(__file__)))


class PoolTest(unittest.TestCase):
    """One executor with one worker for all tests of a class."""
    options = {'max_workers': 1}
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.executor = Executor(**cls.options)

    @classmethod
    def tearDownClass(cls):
        cls.executor.shutdown()

    def run_call(self, function, *args, **kwargs):
        return self.executor.submit(function, *args, **kwargs).result(CAP)


def daemon_of(executor):
    return executor._pool.backend.daemon_pid
