'use strict'
const context = require('./context.js')
const { AbortError, TaskError } = require('./errors.js')
const { kQueueOptions, kTransferable, kValue, move } = require('./movable.js')
const { Pool } = require('./pool.js')
const { ArrayTaskQueue, FixedQueue } = require('./task_queue.js')

module.exports = {
  Pool,
  AbortError,
  TaskError,
  ArrayTaskQueue,
  FixedQueue,
  move,
  job: context.job,
  get isWorkerThread () { return context.isWorkerThread },
  get workerData () { return context.workerData },
  transferableSymbol: kTransferable,
  valueSymbol: kValue,
  queueOptionsSymbol: kQueueOptions
}
