'use strict'
// Whether this process is a worker of a pool, and what it has as such. Kept under a global symbol: a task may load
// another copy of this package than the pool's.
const { own } = require('./detach.js')

const kWorker = Symbol.for('ringmaster.worker')

const enter = (worker) => { globalThis[kWorker] = worker }
const worker = () => globalThis[kWorker]

/**
 * What a task may ask of its worker.
 */
const job = {
  /** {id, attempt, cancelled, deadlineLeft} of the open task; undefined outside of one. */
  get facts () { return worker()?.addon.facts() },
  /** True once the task is to stop. */
  get cancelled () { return worker()?.addon.facts()?.cancelled ?? false },
  /** A sign of life, for status and for the report of a killed worker. */
  progress () { worker()?.addon.progress() },
  /** An ArrayBuffer of `bytes` in the result itself: filled and returned in a move(), it is never copied. An ordinary
   * one where there is no room. */
  reserve (bytes) { return own(worker()?.addon.reserve(bytes)) ?? new ArrayBuffer(bytes) }
}

module.exports = {
  enter,
  mapShared: (path, name, bytes) => worker().addon.map(path, name, bytes),
  job,
  get isWorkerThread () { return worker() !== undefined },
  get workerData () { return worker()?.workerData }
}
