"""Python's ProcessPoolExecutor with one process and an empty task; the protocol of piscina.mjs.

sequential N: p50 and p99.9 in microseconds. inflight N M: tasks a second. handover N: milliseconds for N bytes.
"""
import json
import sys
import time
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait


def nothing(_=None):
    return 0


def sequential(pool, count):
    times = []
    for _ in range(count):
        start = time.perf_counter_ns()
        pool.submit(nothing).result()
        times.append((time.perf_counter_ns() - start) / 1000)
    times.sort()
    return {"p50_us": times[count // 2], "p999_us": times[min(count - 1, int(count * 0.999))]}


def inflight(pool, count, width):
    start = time.perf_counter()
    pending, left = set(), count
    while left or pending:
        while left and len(pending) < width:
            pending.add(pool.submit(nothing))
            left -= 1
        _, pending = wait(pending, return_when=FIRST_COMPLETED)
    return {"jobs_per_s": count / (time.perf_counter() - start)}


def handover(pool, size):
    payload, times = bytes(size), []
    for _ in range(9):
        start = time.perf_counter()
        pool.submit(nothing, payload).result()
        times.append((time.perf_counter() - start) * 1000)
    return {"p50_ms": sorted(times)[4]}


def main():
    with ProcessPoolExecutor(max_workers=1) as pool:
        sequential(pool, 100)
        print(json.dumps({"ready": 1}), flush=True)
        for line in sys.stdin:
            what, *numbers = line.split()
            run = {"sequential": sequential, "inflight": inflight, "handover": handover}[what]
            print(json.dumps(run(pool, *map(int, numbers))), flush=True)


if __name__ == "__main__":
    main()
