'use strict'
// Tasks in worker_threads of this process, where there can be no supervised processes. Tasks and results go in the same
// format, so that what works here works there: nothing is shared, what is moved is gone.
const path = require('node:path')
const { MessageChannel, Worker } = require('node:worker_threads')
const codec = require('./codec.js')
const { TaskError, unpackError } = require('./errors.js')

const kBoot = path.join(__dirname, 'worker/thread_boot.js')

// One thread, and the tasks that it has.
class ThreadSeat {
  tasks = new Map() // by number
  isReady = false

  constructor (options) {
    const { port1, port2 } = new MessageChannel()
    const { filename, name, workerData, env, argv, execArgv, resourceLimits, trackUnmanagedFds } = options
    this.port = port1
    this.thread = new Worker(kBoot, {
      workerData: { port: port2, filename, name, workerData },
      transferList: [port2],
      env,
      argv,
      execArgv,
      resourceLimits,
      trackUnmanagedFds
    })
    this.#unref()
  }

  #ref () {
    this.thread.ref()
    this.port.ref()
  }

  #unref () {
    this.thread.unref()
    this.port.unref()
  }

  // A task that can be aborted shares no thread.
  hasRoom (task, most) {
    if (this.tasks.size === 0) return true
    if (task.isAbortable || [...this.tasks.values()].some((one) => one.isAbortable)) return false
    return this.tasks.size < most
  }

  take (number, task) {
    this.tasks.set(number, task)
    this.#ref()
  }

  give (number) {
    const task = this.tasks.get(number)
    this.tasks.delete(number)
    if (this.tasks.size === 0) this.#unref()
    return task
  }
}

class ThreadBackend {
  #options
  #events
  #seats = new Set()
  #next = 1
  #ending = false

  constructor (options, events) {
    this.#options = options
    this.#events = events
    for (let i = 0; i < options.minThreads; ++i) this.#start()
  }

  #start () {
    const seat = new ThreadSeat(this.#options)
    this.#seats.add(seat)
    seat.port.on('message', (message) => this.#onAnswer(seat, message))
    seat.thread.on('message', (message) => this.#events.emit('message', message))
    seat.thread.on('error', (error) => this.#lose(seat, error))
    seat.thread.on('exit', (code) => this.#lose(seat, new TaskError(`worker exited with code: ${code}`, { outcome: 'crashed', detail: code })))
    return seat
  }

  submit (task) {
    const o = this.#options
    const plain = task.filename === o.filename && task.name === o.name
    const { payload, buffers } = codec.encode(plain ? task.value : [task.filename, task.name, task.value], task.transfer)
    const seat = this.#seatFor(task)
    if (seat === undefined) return false
    const number = this.#next++
    const parts = codec.partsOf(buffers, task.transfer)
    seat.port.postMessage({ number, flags: plain ? 0 : codec.kAddressed, payload, parts, isTimed: o.runTimeout > 0 }, [...new Set(parts)])
    task.release()
    task.flight = number
    seat.take(number, task)
    return true
  }

  #seatFor (task) {
    for (const seat of this.#seats) if (seat.hasRoom(task, this.#options.concurrentTasksPerWorker)) return seat
    return this.#seats.size < this.#options.maxThreads ? this.#start() : undefined
  }

  // Its time counts from when it runs, and not while its thread starts.
  #onBegin (seat, number) {
    const task = seat.tasks.get(number)
    const { runTimeout } = this.#options
    if (task === undefined) return
    const tooLate = () => {
      if (seat.tasks.get(number) === task) this.#stop(seat, new TaskError(`timed out (run timeout) after ${runTimeout} ms`, { outcome: 'timed out' }))
    }
    // An answer that has come in time is heard before.
    task.deadline = setTimeout(() => setImmediate(tooLate), runTimeout).unref()
  }

  #onAnswer (seat, { began, number, flags, payload, parts }) {
    if (began !== undefined) return this.#onBegin(seat, began)
    const task = seat.give(number)
    if (task === undefined) return
    let failed = (flags & codec.kThrown) !== 0
    let value
    try {
      value = codec.decode(payload, parts)
      if (failed) value = unpackError(value)
    } catch (error) {
      failed = true
      value = error
    }
    this.#end(task, failed, value)
  }

  #end (task, failed, value) {
    clearTimeout(task.deadline)
    this.#events.ended(task, failed, value)
  }

  // The thread has ended, or is about to.
  #lose (seat, error) {
    if (!this.#seats.delete(seat)) return
    seat.port.close()
    const tasks = [...seat.tasks.values()]
    seat.tasks.clear()
    if (tasks.length === 0 && error !== null && !(error instanceof TaskError) && !this.#ending) this.#events.failed(error)
    for (const task of tasks) this.#end(task, true, error)
    if (!this.#ending) this.#events.hasRoom()
  }

  #stop (seat, error) {
    const stopped = seat.thread.terminate()
    this.#lose(seat, error)
    return stopped
  }

  cancel (task) {
    for (const seat of this.#seats) if (seat.tasks.get(task.flight) === task) return void this.#stop(seat, new Error('Terminating worker thread'))
  }

  async end () {
    this.#ending = true
    await Promise.all([...this.#seats].map((seat) => this.#stop(seat, new Error('Terminating worker thread'))))
  }
}

module.exports = { ThreadBackend }
