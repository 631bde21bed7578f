'use strict'
const { AsyncResource } = require('node:async_hooks')
const { performance } = require('node:perf_hooks')
const { aside } = require('./aside.js')
const { AbortError } = require('./errors.js')
const { buffersOf, isMovable, kQueueOptions, kTransferable, kValue } = require('./movable.js')

let ids = 0

/** One task from run() to its promise's settling, which happens once. */
class Task extends AsyncResource {
  #resolve
  #reject
  #stopListening
  settled = false
  started = 0
  /** Where it sits while it flies. */
  seat = null
  /** Where it sat when its worker ended, of which more is to be told. */
  hasLost = null
  /** The backend has got it before there was a seat for it, and may have to send it once more. */
  isAhead = false
  /** It was rejected while it waited; the outcome that still comes is nobody's. */
  isDropped = false
  /** What the backend knows it by while it flies; undefined: it has not been given away. */
  flight

  constructor (value, transfer, filename, name, signal, owner) {
    super('Piscina.Task', { requireManualDestroy: true, triggerAsyncId: owner })
    if (isMovable(value)) {
      transfer = transfer.concat(buffersOf(value[kTransferable]))
      value = value[kValue]
    }
    Object.assign(this, { value, transfer, filename, name, signal })
    this.taskId = ids++
    this.created = performance.now()
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  /** What piscina's queues call it. */
  get task () { return this.value }
  get [kQueueOptions] () { return this.value?.[kQueueOptions] ?? null }
  get isAbortable () { return this.signal !== null }

  /** Calls `stop` when the signal says so. */
  listen (stop) {
    const { signal } = this
    if ('addEventListener' in signal) {
      signal.addEventListener('abort', stop, { once: true })
      this.#stopListening = () => signal.removeEventListener('abort', stop)
    } else {
      signal.once('abort', stop)
      this.#stopListening = () => signal.off('abort', stop)
    }
  }

  /** It has been sent: this process need not keep it alive. */
  release () {
    this.value = undefined
    this.transfer = []
  }

  abort () {
    this.settle(true, new AbortError(this.signal.reason))
  }

  /** `value`: what it returned, or, if it `failed`, why. */
  settle (failed, value) {
    if (this.settled) return
    this.settled = true
    this.runInAsyncScope(failed ? this.#reject : this.#resolve, null, value)
    if (this.#stopListening !== undefined) aside(this.#stopListening)
    this.emitDestroy()
  }
}

module.exports = { Task }
