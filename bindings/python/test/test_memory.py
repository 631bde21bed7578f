"""Large arguments and results, and what keeps memory alive."""
import concurrent.futures
import gc
import os
import pickle
import sys
import unittest
import unittest.mock
import weakref

import calls
from ringmaster import Executor, _client, _daemon
from support import CAP, PoolTest

try:
    import numpy
except ImportError:
    numpy = None

MIB = 1 << 20


class Bytes(PoolTest):
    def test_large_bytes_go_there_and_back(self):
        for kind in (bytes, bytearray):
            data = kind(os.urandom(3 * MIB))
            back = self.run_call(calls.add, data, kind())
            self.assertEqual((type(back), back == data), (kind, True))

    def test_results_larger_than_their_room_come_without_a_second_run(self):
        for size in (70 << 10, 16 * MIB, 100, 16 * MIB):
            self.assertEqual(self.run_call(calls.zeros, size), bytes(size))

    def test_a_result_for_which_there_is_no_memory_is_a_memory_error(self):
        table = _daemon._table

        def with_little(name, values):
            return table(name, {**values, 'bytes_per_uid': '256MiB'} if name == 'limits' else values)
        with unittest.mock.patch('ringmaster._daemon._table', with_little):
            executor = Executor(1, request_bytes=MIB, result_bytes=MIB)
            with executor:
                with self.assertRaisesRegex(MemoryError, 'bytes_per_uid'):
                    executor.submit(calls.zeros, 300 * MIB).result(CAP)
                self.assertEqual(executor.submit(calls.zeros, 16 * MIB).result(CAP), bytes(16 * MIB))

    def test_buffers_arrive_writable_and_stay_the_caller_s(self):
        data = bytearray(b'a' * 200000)
        self.assertEqual(self.run_call(calls.write_to, pickle.PickleBuffer(data)), (77, None))
        self.assertEqual(data[0], ord('a'))

    def test_no_reference_is_left(self):
        class Traced:
            pass
        traced = Traced()
        gone = weakref.ref(traced)
        future = self.executor.submit(calls.add, 1)
        future.traced = traced
        self.assertEqual(future.result(CAP), 1)
        del future, traced
        gc.collect()
        self.assertIsNone(gone())

    def test_objects_do_not_pile_up(self):
        def run(count):
            for _ in range(count):
                self.run_call(calls.add, 1, b=2)
                try:
                    self.run_call(calls.fail, 'x')
                except ValueError:
                    pass
                self.run_call(calls.add, b'x' * 100000, b'')
            gc.collect()
            return len(gc.get_objects())
        run(50)
        first = run(100)
        self.assertLess(run(200) - first, 100)

    @unittest.skipUnless(hasattr(_client, 'counts_references'), 'needs a debug build of Python, and ours for it')
    def test_references_do_not_pile_up(self):
        """Every way in which a call ends gives back what it took."""
        large = pickle.PickleBuffer(bytearray(300000))
        ways = {'small': (calls.add, 1), 'thrown': (calls.fail, 'x'), 'there': (len, large), 'back': (calls.zeros, 200000),
                'spilled': (calls.zeros, MIB), 'unreadable': (calls.add, calls.Unreadable()),
                'unpicklable': (calls.give, calls.Unpicklable)}

        def run(call, count):
            for _ in range(count):
                self.executor.submit(*call).exception(CAP)
                concurrent.futures.wait([self.executor.submit(*call)], CAP)
            gc.collect()
            return sys.gettotalrefcount()
        for name, call in ways.items():
            with self.subTest(name):
                run(call, 50)
                before = run(call, 10)
                # What the interpreter itself keeps now and then is less than one for each call.
                self.assertLess(run(call, 100) - before, 50)

    def test_memory_does_not_pile_up(self):
        import tracemalloc
        data = pickle.PickleBuffer(bytearray(200000))
        for _ in range(50):
            self.run_call(len, data)
        tracemalloc.start()
        try:
            for _ in range(50):
                self.run_call(len, data)
            gc.collect()
            before = tracemalloc.get_traced_memory()[0]
            for _ in range(300):
                self.run_call(len, data)
            gc.collect()
            self.assertLess(tracemalloc.get_traced_memory()[0] - before, 50000)
        finally:
            tracemalloc.stop()


@unittest.skipIf(numpy is None, 'needs NumPy')
class Arrays(PoolTest):
    def test_arrays_arrive_writable(self):
        array = numpy.full(MIB, 3, dtype='u1')
        self.assertEqual(self.run_call(calls.write_to, array), (77, True))
        self.assertEqual(array[0], 3)

    def test_results_are_writable(self):
        for count in (10, MIB):
            back = self.run_call(numpy.ones, count)
            back[0] = 5
            self.assertEqual((back[0], back[1], len(back)), (5, 1, count))

    def test_results_that_are_kept_stay_what_they_are(self):
        kept = [self.run_call(numpy.full, 100000, i) for i in range(20)]
        self.assertEqual([int(one.sum()) for one in kept], [100000 * i for i in range(20)])
        self.assertTrue(all((one == i).all() for i, one in enumerate(kept)))

    def test_arguments_that_a_worker_keeps_stay_what_they_are(self):
        for i in range(8):
            self.assertEqual(self.run_call(calls.keep, numpy.full(MIB, i, dtype='u1')), i + 1)
        for i in range(5):
            self.run_call(numpy.sum, numpy.full(2 * MIB, 200 + i, dtype='u1'))
        self.assertEqual(self.run_call(calls.kept_sums), [i * MIB for i in range(8)])
        self.run_call(calls.forget)

    def test_arrays_of_all_orders_and_kinds(self):
        for array in (numpy.arange(60000.0).reshape(200, 300), numpy.asfortranarray(numpy.arange(60000.0).reshape(200, 300)),
                      numpy.arange(60000)[::2], numpy.array(['a', None], dtype=object), numpy.zeros((0, 4))):
            back = self.run_call(calls.same, array)
            self.assertTrue((back == array).all())
            self.assertEqual((back.dtype, back.shape, back.flags.f_contiguous),
                             (array.dtype, array.shape, array.flags.f_contiguous or array.ndim == 1))

    def test_results_that_outlive_their_executor(self):
        with Executor(1) as executor:
            array = executor.submit(numpy.ones, MIB).result(CAP)
        self.assertEqual(array.sum(), MIB)


class Room(unittest.TestCase):
    def test_a_call_larger_than_the_room_of_calls_has_memory_of_its_own(self):
        with Executor(1, request_bytes=MIB) as executor:
            self.assertEqual(executor.submit(len, bytes(20 * MIB)).result(CAP), 20 * MIB)
            self.assertEqual(executor.submit(calls.add, 1).result(CAP), 1)

    def test_more_calls_than_there_is_room_for(self):
        with Executor(1, request_bytes=4 * MIB) as executor:
            self.assertEqual(list(executor.map(len, [bytes(MIB)] * 20)), [MIB] * 20)

    def test_results_that_are_kept_take_room_until_they_are_dropped(self):
        if numpy is None:
            self.skipTest('needs NumPy')
        with Executor(1, result_bytes=8 * MIB) as executor:
            kept = [executor.submit(numpy.ones, MIB // 8).result(CAP) for _ in range(30)]
            self.assertTrue(all(one.sum() == MIB // 8 for one in kept))


if __name__ == '__main__':
    unittest.main()
