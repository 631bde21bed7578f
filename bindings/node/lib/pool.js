'use strict'
const { EventEmitterAsyncResource } = require('node:events')
const { performance } = require('node:perf_hooks')
const { aside } = require('./aside.js')
const { encodeWhole } = require('./codec.js')
const { AbortError, TaskError } = require('./errors.js')
const { GivenAhead } = require('./given_ahead.js')
const { PoolHistogram } = require('./histogram.js')
const { kWarnsOnly } = require('./known_options.js')
const { fill, toPath } = require('./options.js')
const { problemOfClose, problemOfRun } = require('./run_options.js')
const { Seats } = require('./seats.js')
const { FixedQueue } = require('./task_queue.js')
const { Task } = require('./task.js')
const { chooseBackend } = require('./backend.js')

const kTooMuch = 2 ** 32 // Bytes: some versions of Node.js have no larger buffers.
const endsWorker = (error) => error instanceof TaskError && ['crashed', 'timed out'].includes(error.outcome)
const terminated = () => new Error('Terminating worker thread')

/**
 * A pool of worker processes that run the functions of a JavaScript module. Tasks wait here, in order; each goes to the
 * backend when the pool has a seat for it, and comes back once, with a value or with the reason why there is none.
 *
 * Events: 'drain', 'needsDrain', 'message' (what a task posted to its parent), 'error' (outside of every task), 'close',
 * 'workerCreate', 'workerDestroy'.
 */
class Pool extends EventEmitterAsyncResource {
  #backend
  #queue
  #skipped = [] // tasks that can be aborted and found no seat: before the queue's
  #ahead = new GivenAhead(0) // tasks that wait for a seat, and that the backend has already
  #seats
  #flying = 0
  #running = 0 // of these, those that share seats
  #capacity
  #histogram
  #shownHistogram
  #needsDrain = false
  #willLook = false
  #start = performance.now()
  #closing = false
  #destroying = false
  #ending = null
  #onIdle = null
  #warnsOnly // of options that are not known
  options
  completed = 0

  constructor (given = {}) {
    const warnsOnly = new.target[kWarnsOnly] === true
    const options = fill(given, warnsOnly)
    super({ ...given, name: 'Piscina' })
    encodeWhole(options.workerData) // Throws here, as a thread's start would.
    this.options = options
    this.#warnsOnly = warnsOnly
    this.#queue = options.taskQueue ??= new FixedQueue()
    this.#capacity = options.maxThreads * options.concurrentTasksPerWorker
    if (options.recordTiming) this.#histogram = new PoolHistogram()
    const emit = (name, ...values) => aside(() => this.emit(name, ...values))
    this.#seats = new Seats(options, emit, () => this.#fill())
    this.#backend = chooseBackend(options, {
      ended: (task, failed, value, ran, isLast) => this.#ended(task, failed, value, ran, isLast),
      hasRoom: () => this.#fill(),
      workerEnded: (task) => this.#workerEnded(task),
      failed: (error) => {
        this.#seats.renewIdle()
        emit('error', error)
      },
      emit
    })
    // The order of other queues, and other choices of seats, are known when there is a seat.
    const isPlain = given.taskQueue === undefined && options.loadBalancer === undefined
    this.#ahead = new GivenAhead(isPlain ? this.#backend.mostAhead ?? 0 : 0)
  }

  /**
   * Runs the pool's function, or the one that `options` name, with `value`.
   * @param {{transferList?: ArrayBuffer[], filename?: string | URL, name?: string, signal?: AbortSignal}} [options]
   * @returns {Promise<any>}
   */
  run (value, options = {}) {
    try {
      return this.#run(value, options)
    } catch (error) { // Something of the program's own has thrown: a getter, its queue, a file's URL.
      return Promise.reject(error)
    }
  }

  #run (value, options) {
    const problem = problemOfRun(options, this.#warnsOnly)
    if (problem !== null) return Promise.reject(new TypeError(problem))
    const { transferList = [], filename = null, name = null, signal = null } = Object.assign(Object.create(null), options)
    const file = filename ?? this.options.filename
    if (file === null && this.options.pool === undefined) return Promise.reject(new Error('filename must be provided to run() or in options object'))
    if (this.#ending !== null) return Promise.reject(new AbortError('queue is being terminated'))
    if (signal?.aborted) return Promise.reject(new AbortError(signal.reason))
    const task = new Task(value, transferList, file && toPath(file), name ?? this.options.name, signal, this.asyncResource.asyncId())
    try {
      if (signal !== null) task.listen(() => this.#abort(task))
      this.#take(task)
    } catch (error) {
      task.settle(true, error)
    }
    this.#look()
    return task.promise
  }

  #take (task) {
    const { maxQueue } = this.options
    if (this.#waiting === 0) {
      if (this.#distribute(task)) return
      this.#seats.grow()
      if (maxQueue > 0 || this.#pendingCapacity > 0) return this.#giveAhead()
      this.#unqueue(task)
      task.settle(true, new Error('No task queue available and all Workers are busy'))
    } else if (this.#waiting >= maxQueue + this.#pendingCapacity) {
      task.settle(true, new Error(maxQueue === 0 ? 'No task queue available and all Workers are busy' : 'Task queue is at limit'))
    } else {
      this.#queue.push(task)
      this.#seats.grow()
      this.#giveAhead()
    }
  }

  /** An ArrayBuffer of `bytes` in the memory that workers read: filled here and named in a transferList, it is never
   * copied. An ordinary one where there is no room for it now, or where the daemon would have to be waited for. */
  allocate (bytes) {
    if (!Number.isSafeInteger(bytes) || bytes < 0) throw new RangeError(`allocate(): ${String(bytes)} is no number of bytes`)
    return this.#backend.allocate?.(bytes) ?? new ArrayBuffer(bytes)
  }

  /** Data that many tasks read, given to them as any value: it is copied once, here, and mapped once in each worker. It
   * stays until its release(), or until the pool ends. */
  share (data) {
    const bytes = ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data)
    if (bytes.length >= kTooMuch) throw new RangeError(`share(): ${bytes.length} bytes; it must be less than 4 GiB`)
    return this.#backend.share?.(bytes) ?? Object.defineProperty(bytes.slice(), 'release', { value () {} })
  }

  get #queued () { return this.#queue.size + this.#skipped.length }
  get #waiting () { return this.#queued + this.#ahead.size }
  get #isIdle () { return this.#flying === 0 && this.#waiting === 0 }
  get #pendingCapacity () { return this.#seats.pending * this.options.concurrentTasksPerWorker }

  // False: there is no seat or no room for it now, and it waits again, before all others.
  #distribute (task) {
    if (task.settled) return true
    let seat
    try {
      seat = this.#seats.choose(task)
    } catch (error) { // The program's load balancer.
      this.#settle(task, true, error)
      return true
    }
    if (seat != null && this.#give(task, seat)) return true
    if (task.isAbortable) this.#skipped.unshift(task)
    else if (this.#queue.unshift !== undefined) this.#queue.unshift(task)
    else this.#queue.push(task)
    return false
  }

  // False: the backend says when it has room.
  #give (task, seat) {
    this.#sit(task, seat)
    const isGiven = this.#submit(task)
    if (!isGiven || task.settled) this.#leave(task)
    return isGiven
  }

  // True: the backend has it, or it cannot be cloned and is settled.
  #submit (task) {
    task.started = performance.now()
    try {
      if (this.#backend.submit(task)) return true
    } catch (error) {
      this.#settle(task, true, error)
      return true
    }
    task.started = 0
    return false
  }

  #giveAhead () {
    while (this.#ahead.hasRoom && this.#skipped.length === 0 && this.#queue.size > 0) {
      const task = this.#queue.shift()
      if (task === null || task.settled) continue
      task.isAhead = GivenAhead.mayBe(task)
      if (!task.isAhead || !this.#submit(task)) return this.#queue.unshift(task)
      if (!task.settled) this.#ahead.add(task)
    }
  }

  // False: there is none for it now.
  #seatAhead (task) {
    const seat = this.#seats.choose(task)
    if (seat !== undefined && this.#ahead.remove(task)) this.#sit(task, seat)
    return seat !== undefined
  }

  #sit (task, seat) {
    this.#seats.sit(seat, task)
    this.#count(task, 1)
  }

  #count (task, by) {
    this.#flying += by
    if (!task.isAbortable) this.#running += by
  }

  #leave (task) {
    this.#count(task, -1)
    if (task.seat !== null) this.#seats.rise(task)
  }

  #fill () {
    this.#look()
    aside(() => { // The queue may be the program's.
      while (this.#ahead.size > 0 && this.#seatAhead(this.#ahead.first));
      while (this.#ahead.size === 0 && this.#queued > 0) {
        const task = this.#skipped.shift() ?? this.#queue.shift()
        if (task === null) break
        if (this.#distribute(task)) continue
        this.#seats.grow()
        break
      }
      this.#giveAhead()
    })
  }

  // The task's end is told later; its seat is free for others.
  #workerEnded (task) {
    if (this.#ahead.has(task)) this.#seatAhead(task)
    const { seat } = task
    if (seat === null) return
    task.hasLost = seat
    seat.tasks.delete(task)
    task.seat = null
    this.#seats.renew(seat)
    this.#fill()
  }

  // `ran`: for how many milliseconds; undefined: nobody has measured it. `isLast`: its worker ends with it.
  #ended (task, failed, value, ran, isLast) {
    // It may have run before this thread knew of a free seat.
    const isSeatless = this.#ahead.has(task) && !this.#seatAhead(task)
    const seat = task.seat ?? task.hasLost
    if (isSeatless) this.#ahead.remove(task)
    else this.#leave(task)
    if (!task.isDropped && (seat !== null || isSeatless)) {
      const now = performance.now()
      const ms = ran ?? now - task.started
      this.#histogram?.recordRun(ms)
      this.#histogram?.recordWait(Math.max(0, now - task.created - ms))
      seat?.histogram?.record(ms)
      this.#settle(task, failed, failed && this.#destroying ? terminated() : value)
      if (failed && (isLast || endsWorker(value)) && task.hasLost === null && seat !== null) this.#seats.renew(seat)
    }
    this.#fill()
  }

  #settle (task, failed, value) {
    ++this.completed
    task.settle(failed, value)
  }

  #abort (task) {
    const { seat } = task
    task.abort()
    if (seat === null) {
      this.#unqueue(task)
    } else { // Its worker goes with it; the outcome that still comes is nobody's.
      ++this.completed
      seat.tasks.delete(task)
      task.seat = null
      this.#seats.renew(seat)
      this.#backend.cancel(task)
    }
    this.#look()
  }

  #unqueue (task) {
    const at = this.#skipped.indexOf(task)
    if (at >= 0) this.#skipped.splice(at, 1)
    else this.#queue.remove(task)
  }

  // Once in a turn, whatever happened in it: whether there is more or less to do than before.
  #look () {
    if (this.#willLook) return
    this.#willLook = true
    queueMicrotask(() => {
      this.#willLook = false
      if (this.#onIdle !== null && this.#isIdle) this.#onIdle()
      if (this.#running >= this.#capacity) {
        this.#needsDrain = true
        this.emit('needsDrain')
      } else if (this.#needsDrain) {
        this.#needsDrain = false
        this.emit('drain')
      }
    })
  }

  #dropQueue (error) {
    for (let task; this.#queued > 0 && (task = this.#skipped.shift() ?? this.#queue.shift()) !== null;) {
      if (!task.settled) this.#settle(task, true, error())
    }
    for (const task of this.#ahead) {
      if (task.isDropped) continue
      task.isDropped = true
      this.#settle(task, true, error())
      this.#backend.cancel(task)
    }
  }

  /** Ends the pool when what was submitted is done; with `force` what waits is dropped. */
  async close (options = {}) {
    const problem = problemOfClose(options, this.#warnsOnly)
    if (problem !== null) throw new TypeError(problem)
    if (options.force && this.#ending !== undefined) this.#dropWaiting()
    this.#ending ??= this.#close(options.force ?? false)
    return this.#ending
  }

  #dropWaiting () { this.#dropQueue(() => new AbortError('pool is closed')) }

  async #close (force) {
    this.#closing = true
    if (force) this.#dropWaiting()
    let timer
    const flushed = new Promise((resolve) => {
      this.#onIdle = resolve
      if (this.#isIdle) resolve()
    })
    const late = new Promise((resolve, reject) => {
      if (this.options.closeTimeout === Infinity) return
      timer = setTimeout(() => reject(new Error('Close operation timed out')), this.options.closeTimeout)
      timer.unref()
    })
    try {
      await Promise.race([flushed, late])
    } catch (error) {
      this.emit('error', error)
    } finally {
      clearTimeout(timer)
      await this.#destroy()
      this.emit('close')
    }
  }

  /** Ends the pool at once: what is unfinished is rejected. */
  destroy () {
    if (this.#closing) return this.#destroy()
    this.#ending ??= this.#destroy()
    return this.#ending
  }

  async #destroy () {
    this.#destroying = true
    this.#dropQueue(terminated)
    const ended = this.#backend.end()
    this.#seats.end()
    await ended
  }

  [Symbol.dispose ?? Symbol.for('Symbol.dispose')] () { this.close() }
  [Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')] () { return this.close() }

  get maxThreads () { return this.options.maxThreads }
  get minThreads () { return this.options.minThreads }
  get threads () { return this.#seats.threads }
  get idleThreads () { return this.#seats.idle }
  get queueSize () { return Math.max(this.#waiting - this.#pendingCapacity, 0) }
  get needsDrain () { return this.#needsDrain }
  get duration () { return performance.now() - this.#start }

  get histogram () {
    const kept = this.#histogram
    return (this.#shownHistogram ??= {
      get runTime () { return kept?.runTime },
      get waitTime () { return kept?.waitTime },
      resetRunTime () { kept?.resetRunTime() },
      resetWaitTime () { kept?.resetWaitTime() }
    })
  }

  /** The share of the pool's time, over all its workers, in which tasks have run. */
  get utilization () {
    if (this.#histogram === undefined || this.#histogram.runCount === 0) return 0
    return this.#histogram.runTime.mean * this.#histogram.runCount / (this.duration * this.options.maxThreads)
  }
}

module.exports = { Pool }
