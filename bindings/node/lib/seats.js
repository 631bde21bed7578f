'use strict'
// The workers of a pool as its interface shows them. The processes themselves are the daemon's, which gives each task to
// the first that is free; a seat is the room for the tasks of one of them.
const { TimeHistogram } = require('./histogram.js')

const kSeat = Symbol('ringmaster.seat')
const kLong = 60000 // Milliseconds.
let ids = 0

class Seat {
  id = ++ids
  tasks = new Set()
  ready = false
  destroyed = false
  isKnown = false // The program has been told of it.
  histogram
  idleTimer
  #hold
  /** As piscina's load balancers and events see it. */
  view
  /** As `pool.threads` shows it. */
  thread

  constructor (hasHistogram) {
    if (hasHistogram) this.histogram = new TimeHistogram()
    const seat = this
    this.view = {
      get id () { return seat.id },
      get currentUsage () { return seat.usage },
      get isRunningAbortableTask () { return seat.isTaken },
      get histogram () { return seat.histogram?.summary ?? null },
      terminating: false,
      get destroyed () { return seat.destroyed },
      [kSeat]: seat
    }
    this.thread = { threadId: this.id, ref () { seat.#ref() }, unref () { seat.#unref() } }
  }

  // This process stays alive for it.
  #ref () {
    if (!this.destroyed) this.#hold ??= setInterval(() => {}, kLong)
  }

  #unref () {
    clearInterval(this.#hold)
    this.#hold = undefined
  }

  end () {
    clearTimeout(this.idleTimer)
    this.#unref()
    this.destroyed = true
  }

  /** By a task that can be aborted: its end is the worker's, so it shares none. */
  get isTaken () {
    if (this.tasks.size !== 1) return false
    const [task] = this.tasks
    return task.isAbortable
  }

  get usage () { return this.isTaken ? Infinity : this.tasks.size }
}

/** Seats from minThreads to maxThreads. Emits 'workerCreate' and 'workerDestroy'. */
class Seats {
  #options
  #emit
  #hasReady
  #all = []
  #pending = 0
  #isOver = false

  /** @param {() => void} hasReady called when there is a new seat for tasks */
  constructor (options, emit, hasReady) {
    this.#options = options
    this.#emit = emit
    this.#hasReady = hasReady
    this.#fillUp()
  }

  get size () { return this.#all.length }
  get pending () { return this.#pending }
  get idle () { return this.#all.reduce((sum, seat) => sum + (seat.ready && seat.usage === 0 ? 1 : 0), 0) }
  get threads () { return this.#all.map((seat) => seat.thread) }

  // The first seats take tasks at once, others when their process may have begun to start.
  #fillUp () {
    while (!this.#isOver && this.#all.length < this.#options.minThreads) this.#add(true)
  }

  #add (ready) {
    const seat = new Seat(this.#options.workerHistogram)
    seat.ready = ready
    if (!ready) ++this.#pending
    this.#all.push(seat)
    queueMicrotask(() => {
      if (!seat.ready) --this.#pending
      if (seat.destroyed) return
      seat.ready = true
      this.#announce(seat)
      this.#hasReady()
    })
  }

  #announce (seat) {
    seat.isKnown = true
    this.#emit('workerCreate', seat.view)
  }

  /** One seat more, if there may be one. */
  grow () {
    if (!this.#isOver && this.#all.length < this.#options.maxThreads) this.#add(false)
  }

  /** Where `task` may go now; undefined: nowhere. */
  choose (task) {
    if (this.#options.loadBalancer !== undefined) {
      return this.#options.loadBalancer(task, this.#all.filter((seat) => seat.ready).map((seat) => seat.view))?.[kSeat]
    }
    let best
    let least = this.#options.concurrentTasksPerWorker
    for (const seat of this.#all) {
      if (!seat.ready) continue
      const { usage } = seat
      if (usage === 0) return seat
      if (usage < least && !task.isAbortable) {
        best = seat
        least = usage
      }
    }
    return best
  }

  sit (seat, task) {
    if (seat.idleTimer !== undefined) {
      clearTimeout(seat.idleTimer)
      seat.idleTimer = undefined
    }
    seat.tasks.add(task)
    task.seat = seat
  }

  rise (task) {
    const { seat } = task
    seat.tasks.delete(task)
    task.seat = null
    const { idleTimeout, minThreads } = this.#options
    if (seat.tasks.size !== 0 || seat.destroyed || this.#all.length <= minThreads || idleTimeout === Infinity) return
    seat.idleTimer ??= setTimeout(() => {
      seat.idleTimer = undefined
      if (seat.tasks.size === 0 && this.#all.length > minThreads) this.#remove(seat)
    }, idleTimeout).unref()
  }

  /** The worker of that seat has ended, and another is started where one is wanted. What waits for it moves there. */
  renew (seat) {
    const at = this.#all.indexOf(seat)
    if (at < 0) return
    this.#remove(seat)
    if (seat.tasks.size > 0) {
      this.#add(true)
      const next = this.#all.at(-1)
      for (const task of seat.tasks) this.sit(next, task)
    }
    this.#fillUp()
  }

  /** A worker that had no task has ended. */
  renewIdle () {
    const seat = this.#all.find((one) => one.tasks.size === 0)
    if (seat !== undefined) this.renew(seat)
  }

  #remove (seat) {
    seat.end()
    this.#all.splice(this.#all.indexOf(seat), 1)
    // One that went before it was told of, as the task of its first moment was aborted, has had both, in this order.
    if (!seat.isKnown && !this.#isOver) this.#announce(seat)
    if (seat.isKnown) this.#emit('workerDestroy', seat.view)
  }

  end () {
    this.#isOver = true
    while (this.#all.length > 0) this.#remove(this.#all[0])
  }
}

module.exports = { Seats }
