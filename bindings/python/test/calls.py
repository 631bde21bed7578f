"""What the tests let workers do."""
import ctypes
import functools
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time

KEPT = []


def add(a, b=0):
    return a + b


def same(value):
    return value


class Named:
    """A callable that calls itself what one likes."""
    def __init__(self, name):
        self.__qualname__ = name

    def __call__(self, value):
        return self.twice(value)

    @staticmethod
    def twice(value):
        return 2 * value


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


def take(bytes_wanted, seconds=30):
    block = bytearray(bytes_wanted)
    block[::4096] = b'x' * len(block[::4096])
    time.sleep(seconds)
    return len(block)


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


class Falsy(Exception):
    def __bool__(self):
        return False


def fail_falsely():
    raise Falsy('no')


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


def meet(folder, count):
    """Returns when as many calls are in here at once."""
    with open(os.path.join(folder, str(os.getpid())), 'w'):
        pass
    while len(os.listdir(folder)) < count:
        time.sleep(0.001)
    return os.getpid()


def sum_in_child(data):
    """A process that the call forks sees its argument."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, str(sum(memoryview(data)[::1024])).encode())
        os._exit(0)
    os.close(write)
    with open(read, 'rb') as file:
        told = file.read()
    os.waitpid(child, 0)
    return int(told)


def square_in_pool(method, count):
    context = multiprocessing.get_context(method)
    with context.Pool(2) as pool:
        squares = pool.map(functools.partial(pow, exp=2), range(count))
    sleeper = context.Process(target=time.sleep, args=(60,))
    sleeper.start()
    sleeper.terminate()
    sleeper.join()
    return squares, sleeper.exitcode


def nested(number):
    from ringmaster import Executor
    with Executor(1) as executor:
        return executor.submit(add, number, b=1).result(), executor.submit(os.getppid).result() != os.getppid()


def nest_and_die(depth):
    """An executor in a call, in one's worker too if `depth` says so; then its worker is killed with all that is below."""
    from ringmaster import Executor, WorkerDied
    executor = Executor(1)
    try:
        executor.submit(nest_and_die if depth > 0 else add, depth - 1 if depth > 0 else 1).result()
    except WorkerDied:
        pass
    kill()


def scattered():
    return pickle.PickleBuffer(memoryview(bytes(100000))[::2])


def await_termination(path, ready):
    def leave(*_):
        with open(path, 'w'):
            pass
        os._exit(0)
    signal.signal(signal.SIGTERM, leave)
    with open(ready, 'w'):
        pass
    time.sleep(60)
