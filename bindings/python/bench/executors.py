"""ringmaster.Executor and ProcessPoolExecutor in one run, and loky's where it is installed (joblib brings one); one worker
each; their blocks alternate.

    executors.py [--blocks N] [--json FILE]

Prints the median of the blocks' medians, and the ratio to ProcessPoolExecutor's. What making and copying 16 MiB takes in
this process is measured too: the floor of what comes back."""
import argparse
import importlib.util
import json
import os
import platform
import statistics
import time
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

from ringmaster import Executor

BIG = 16 << 20


def nothing(_=None):
    return 0


def die():
    os.kill(os.getpid(), 9)


def median_us(act, count):
    times = []
    for _ in range(count):
        begin = time.perf_counter()
        act()
        times.append((time.perf_counter() - begin) * 1e6)
    return statistics.median(times)


def in_flight(executor, count=2000, width=64):
    begin = time.perf_counter()
    pending, left = set(), count
    while left or pending:
        while left and len(pending) < width:
            pending.add(executor.submit(nothing))
            left -= 1
        _, pending = wait(pending, return_when=FIRST_COMPLETED)
    return count / (time.perf_counter() - begin)


def mapped(executor, count=2000):
    begin = time.perf_counter()
    for _ in executor.map(nothing, range(count)):
        pass
    return count / (time.perf_counter() - begin)


def numpy_is_here():
    return importlib.util.find_spec('numpy') is not None


def payloads():
    if not numpy_is_here():
        return {'16 MiB bytes there': bytes(BIG)}
    import numpy
    return {'16 MiB array there': numpy.zeros(BIG, dtype='u1'), '16 MiB bytes there': bytes(BIG)}


def array(size):
    import numpy
    return numpy.ones(size, dtype='u1')


ROWS = {
    'round trip, result()': ('us', lambda e: median_us(lambda: e.submit(nothing).result(), 500)),
    'round trip, wait()': ('us', lambda e: median_us(lambda: wait([e.submit(nothing)]), 300)),
    '64 in flight': ('jobs/s', in_flight),
    'map()': ('jobs/s', mapped),
    **{name: ('us', lambda e, value=value: median_us(lambda: e.submit(nothing, value).result(), 8))
       for name, value in payloads().items()},
}
if numpy_is_here():
    ROWS['16 MiB array back'] = ('us', lambda e: median_us(lambda: e.submit(array, BIG).result(), 8))


def floor_of_array_back():
    """Making the array and copying it once, in one process."""
    import numpy
    target = numpy.zeros(BIG, dtype='u1')

    def act():
        target[:] = array(BIG)
    return median_us(act, 8)


def peers():
    makers = {'ringmaster': lambda: Executor(1),
              'concurrent.futures': lambda: ProcessPoolExecutor(1, mp_context=get_context('spawn'))}
    for module in ('loky', 'joblib.externals.loky'):
        try:
            loky = importlib.import_module(module)
        except ImportError:
            continue
        makers['loky'] = lambda: loky.ProcessPoolExecutor(1)
        break
    return makers


def after_a_death(make):
    """Milliseconds from a death that was told to the next call's result; None: never."""
    with make() as executor:
        executor.submit(nothing).result()
        times = []
        for _ in range(8):
            try:
                executor.submit(die).result()
            except BrokenProcessPool:
                pass
            begin = time.perf_counter()
            try:
                executor.submit(nothing).result()
            except BrokenProcessPool:
                return None
            times.append((time.perf_counter() - begin) * 1e3)
            time.sleep(1)  # until a spare is ready again
        return statistics.median(times)


def show(value):
    return 'never' if value is None else f'{value:,.1f}' if value < 100 else f'{value:,.0f}'


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--blocks', type=int, default=9)
    parser.add_argument('--json')
    given = parser.parse_args()
    makers = peers()
    executors = {name: make() for name, make in makers.items()}
    seen = {row: {name: [] for name in makers} for row in ROWS}
    floors = []
    for executor in executors.values():
        median_us(lambda: executor.submit(nothing).result(), 300)
    for _ in range(given.blocks):
        for row, (_, measure) in ROWS.items():
            for name, executor in executors.items():
                seen[row][name].append(measure(executor))
        if numpy_is_here():
            floors.append(floor_of_array_back())
    for executor in executors.values():
        executor.shutdown()
    result = {row: {'unit': ROWS[row][0], **{name: statistics.median(values) for name, values in both.items()}}
              for row, both in seen.items()}
    if floors:
        result['16 MiB array back']['floor'] = statistics.median(floors)
    result['worker killed, next result'] = {'unit': 'ms', **{name: after_a_death(make) for name, make in makers.items()}}
    print(f'Python {platform.python_version()}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}\n')
    others = [name for name in makers if name not in ('concurrent.futures', 'ringmaster')]
    columns = ['concurrent.futures', *others, 'ringmaster']
    print('| | ' + ' | '.join(columns) + ' | ratio |\n|' + '---|' * (len(columns) + 2))
    for row, values in result.items():
        theirs, ours = values['concurrent.futures'], values['ringmaster']
        ratio = '' if theirs is None else f'{ours / theirs:.3f}' if values['unit'] == 'us' else f'{ours / theirs:.1f} x'
        print(f'| {row}, {values["unit"]} | ' + ' | '.join(show(values[name]) for name in columns) + f' | {ratio} |')
    if floors:
        print(f'\n16 MiB made and copied once in one process: {show(result["16 MiB array back"]["floor"])} us')
    if given.json:
        with open(given.json, 'w') as file:
            json.dump(result, file, indent=1)


if __name__ == '__main__':
    main()
