'use strict'
// Tests of piscina's that cannot pass over processes: a SharedArrayBuffer is memory of one V8, and Atomics.wait() and
// notify() are lists within it. The last one ends a worker between tasks and expects the next task to meet it; here the
// next task goes to another worker that is ready.
exports.never = new Set([
  'tasks can be aborted through AbortController while running',
  'tasks can be aborted through EventEmitter while running',
  'tasks can be aborted through EventEmitter before running',
  'abortable tasks will not share workers (abortable posted second)',
  'coverage test for Atomics optimization (sync mode)',
  'enable async mode',
  'idle timeout will let go of threads early',
  'idle timeout will not let go of threads if Infinity is used as the value',
  'will put items into a task queue until they can run',
  'queueSize includes abortable tasks waiting in skipQueue',
  'tasks can share a Worker if requested (one test finishes)',
  'tasks can share a Worker if requested (both tests finish)',
  'exiting process in immediate after task errors next task and resets worker'
])
