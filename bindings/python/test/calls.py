"""What the tests let workers do."""
import ctypes
import os
import signal
import sys
import threading
import time

KEPT = []


def add(a, b=0):
    return a + b


def same(value):
    return value


def pid():
    return os.getpid()


def sleep(seconds):
    time.sleep(seconds)
    return seconds


def fail(text):
    raise ValueError(text)


def interrupt():
    raise KeyboardInterrupt('from the call')


def segfault():
    ctypes.string_at(8)


def kill(number=signal.SIGKILL):
    os.kill(os.getpid(), number)


def leave(status):
    os._exit(status)


def spin():
    while True:
        pass


def once_dead(path):
    """Dies the first time, then answers."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return 'alive'
    os.kill(os.getpid(), signal.SIGKILL)


def take(bytes_wanted):
    block = bytearray(bytes_wanted)
    block[::4096] = b'x' * len(block[::4096])
    time.sleep(30)


def zeros(count):
    return bytes(count)


def write_to(array):
    array[0] = 77
    return int(array[0]), array.flags.writeable if hasattr(array, 'flags') else None


def keep(array):
    KEPT.append(array)
    return len(KEPT)


def kept_sums():
    return [int(one.sum()) for one in KEPT]


def forget():
    KEPT.clear()


def say(text):
    print(text)
    print(text, file=sys.stderr)


def environment(name):
    return os.environ.get(name)


def set_up(value):
    global STATE
    STATE = value


def state():
    return STATE


def fail_to_set_up():
    raise RuntimeError('not today')


def put(queue, value):
    queue.put(value)


class Unpicklable:
    def __reduce__(self):
        raise ValueError('this cannot be pickled')


class Unreadable:
    def __reduce__(self):
        return _raise, ()


def _raise():
    raise LookupError('this cannot be read')


def give(kind):
    return kind()


class Slow:
    """Takes a while to be read."""

    def __reduce__(self):
        return time.sleep, (0.01,)


def threads_run():
    """Whether other threads of a worker run while it waits for calls."""
    counted = getattr(threads_run, 'counted', None)
    if counted is None:
        counted = threads_run.counted = [0]

        def count():
            while True:
                counted[0] += 1
                time.sleep(0.001)
        threading.Thread(target=count, daemon=True).start()
    return counted[0]
