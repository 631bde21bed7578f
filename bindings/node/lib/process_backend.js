'use strict'
// Tasks in supervised processes: a session with a pool of a daemon's, and what comes out of it.
const path = require('node:path')
const { performance } = require('node:perf_hooks')
const { types } = require('node:util')
const { AskedRoom } = require('./asked_room.js')
const codec = require('./codec.js')
const { ConfiguredPool } = require('./configured_pool.js')
const { CreatedPool } = require('./created_pool.js')
const { orRefused, refused, TaskError, unpackError } = require('./errors.js')
const { detach, own } = require('./detach.js')
const { explained, failureOf, kCrashedSoFar, kDone, kLost, kNoWorker, unreadable } = require('./failure.js')
const { kLeastCapacity } = require('./options.js')
const { fromText, toText } = require('./plain_text.js')
const programs = require('./programs.js')
const { ResultRooms } = require('./result_rooms.js')
const { SharedData } = require('./shared_data.js')
const { hearWorkers } = require('./side_channel.js')

const kSlack = 4096 // Behind an allocated buffer, for the rest of its task.
const kForceAgain = 100 // Milliseconds.
const kPause = 1000 // Milliseconds between two starts that fail.
const kMostAhead = 64
const kFacts = 10 // Numbers for each outcome.
// Answers of submit(), as the client library numbers them; below 0: so many bytes have to be asked for. Else it throws.
const kAccepted = 0
const kFull = 1
const kClosed = 8
const kRetry = 5 // Milliseconds.

// What the daemon's status and log call a task: "invoice.js#render".
const labelOf = ({ filename, name }) => `${filename === null ? '' : path.basename(filename)}#${name}`

const daemonGone = () => new TaskError('lost: the daemon is gone', { outcome: 'lost' })

class ProcessBackend {
  #options
  #events
  #native = require(programs.client)
  #pool // the daemon's
  #own // the function that its workers run where a task names none: {filename, name}
  #label // of what that function does
  #session // undefined: not open yet
  #room // for a task that is larger than what the session has
  #scratch
  #facts
  #flying = new Map() // by number
  #waiting = [] // for the session
  #inPlace = new WeakMap()
  #wasFull = false // a task was not taken
  #shared = new Set() // and not released
  #rooms
  #next = 1
  #opening // a promise, while the session is being opened
  #ending = null
  #failed // why there is no session
  #failedAt
  #again // a timer, until the next try
  #bootFailed // why a worker could not start
  #hold // While a task waits for the session, this process must not end.

  constructor (options, events) {
    this.#options = options
    this.#events = events
    this.#rooms = new ResultRooms(options.resultCapacity, options.resultBytes / 2 / (options.maxThreads * options.concurrentTasksPerWorker + 1))
    this.#own = options.pool === undefined ? options : { filename: null, name: 'default' }
    this.#label = labelOf(this.#own)
    this.#pool = this.#newPool() // Throws here what cannot be given to a worker.
    this.#hold = setInterval(() => {}, 60000).unref()
    this.#start()
  }

  /** How many tasks it may be given beside those that run. Workers of others' pools may be more than this pool's seats, and
   * each task has room for its result. */
  get mostAhead () {
    const o = this.#options
    if (o.pool !== undefined) return 0
    return Math.min(kMostAhead, Math.max(0, Math.floor(o.resultBytes / 4 / o.resultCapacity - o.maxThreads * o.concurrentTasksPerWorker)))
  }

  #newPool () {
    const o = this.#options
    const socket = o.socket === null ? undefined : (o.socket ?? process.env.RINGMASTER_SOCKET) || undefined
    if (o.pool !== undefined) return new ConfiguredPool(socket, o.pool)
    return new CreatedPool(this.#native, o, socket, (message) => this.#onMessage(message))
  }

  #start () {
    this.#opening = this.#open().catch((error) => this.#cannotStart(error)).then(() => { this.#opening = undefined })
  }

  async #open () {
    const pool = (this.#pool ??= this.#newPool())
    const place = await pool.open()
    if (this.#ending !== null) return
    const o = this.#options
    const opened = await pool.whileThere((resolve, reject) => this.#native.open({
      ...place,
      slots: o.slots ?? 0,
      requestBytes: o.requestBytes ?? 0,
      resultBytes: o.resultBytes,
      shortestTimeout: o.runTimeout,
      spin: o.spin * 1000,
      mayLend: o.resultBytes / 2,
      explains: o.stack || o.resourceLimits !== undefined ? 1 : 0 // Whether the heap was full, the native stack tells.
    }, (count, results, messages) => this.#onBatch(count, results, messages),
    (error, session) => error ? reject(pool.refusal(error)) : resolve(session)), ({ handle }) => this.#native.close(handle))
    if (this.#ending !== null) return this.#native.close(opened.handle)
    this.#session = opened.handle
    this.#room = new AskedRoom(this.#native, this.#session, (task, answer, error) => this.#onRoom(task, answer, error))
    this.#scratch = Buffer.from(opened.scratch)
    this.#facts = new Float64Array(opened.facts)
    this.#sendWaiting()
  }

  // Those that came before the session was there, or that it had no room for then.
  #sendWaiting () {
    while (this.#waiting.length > 0 && this.#session !== undefined) {
      const task = this.#waiting[0]
      if (!task.settled && (this.#room.isAskedFor(task) || !this.#resend(task))) break
      this.#waiting.shift()
      this.#room.leaveFor(task) // Where it has been sent, it has it.
      if (task.settled) this.#events.ended(task, false)
    }
    if (this.#waiting.length > 0) return
    this.#hold.unref()
    if (!this.#wasFull) return
    this.#wasFull = false
    this.#events.hasRoom()
  }

  async #cannotStart (error) {
    await hearWorkers()
    this.#failed = this.#bootFailed ?? explained(error, this.#pool)
    this.#failedAt = performance.now()
    this.#hold.unref()
    for (const task of this.#waiting.splice(0)) this.#events.ended(task, true, this.#failed)
  }

  #onMessage (message) {
    if ('message' in message) this.#events.emit('message', message.message)
    if ('stdout' in message) process.stdout.write(message.stdout)
    if ('stderr' in message) process.stderr.write(message.stderr)
    if (!('error' in message)) return
    const error = unpackError(message.error)
    if (message.boot) this.#bootFailed = error
    else if (this.#ending === null) this.#events.failed(error)
  }

  submit (task) {
    if (this.#failed !== undefined) this.#tryAgain()
    if (this.#session === undefined || this.#waiting.length > 0) {
      this.#wait(task)
      return true
    }
    this.#wasFull = !this.#send(task)
    return !this.#wasFull
  }

  // A daemon that serves others too may be there again. One of this program's own, and workers whose module did not load,
  // are started once more after a pause, for which tasks wait.
  #tryAgain () {
    const pause = this.#pool?.isOfOthers && this.#bootFailed === undefined ? 0 : this.#failedAt + kPause - performance.now()
    clearTimeout(this.#again)
    if (pause > 0) return void (this.#again = setTimeout(() => this.#tryAgain(), pause))
    this.#failed = this.#bootFailed = undefined
    this.#leavePool()
  }

  #leavePool () {
    const lost = this.#pool
    this.#pool = undefined
    lost?.lost()
    this.#start()
    lost?.leave().catch(() => {})
  }

  #wait (task) {
    task.flight = 0
    this.#waiting.push(task)
    this.#hold.ref()
  }

  // False: it goes on waiting.
  #resend (task) {
    try {
      return this.#send(task)
    } catch (error) {
      task.settle(true, error)
      return true
    }
  }

  #send (task) {
    const o = this.#options
    const plain = task.filename === this.#own.filename && task.name === this.#own.name
    const value = plain ? task.value : [task.filename, task.name, task.value]
    const text = task.transfer.length === 0 ? toText(value) : undefined
    const { payload, buffers } = text === undefined ? codec.encode(value, task.transfer) : { payload: text }
    const flags = (plain ? 0 : codec.kAddressed) | (text === undefined ? 0 : codec.kText)
    const request = (task.transfer.length > 0 && this.#inPlace.get(task.transfer[0])) || this.#room.of(task)
    const number = this.#next++
    const label = plain ? this.#label : labelOf(task)
    const submit = (room) => orRefused(() => this.#native.submit(this.#session, number, flags, payload, buffers, request, room, o.runTimeout, o.idempotent, label), (text) => this.#pool.explain(text))
    let room = this.#rooms.of(task)
    let answer = submit(room)
    // Where nothing flies nothing makes room: the program holds the results of others. Less room will do: a result that
    // outgrows it gets memory of its own.
    while (answer === kFull && this.#flying.size === 0 && room > kLeastCapacity) {
      room = Math.max(kLeastCapacity, Math.ceil(room / 2))
      answer = submit(room)
    }
    if (answer === kFull) return void this.#sendLater()
    if (answer !== kAccepted) {
      const waits = this.#waiting[0] === task
      if (!waits) this.#wait(task)
      answer < 0 ? this.#room.ask(task, -answer) : this.#startAgain() // Closed: its daemon has ended.
      return !waits
    }
    this.#room.taken()
    for (const one of task.transfer) detach(one, this.#native.detach)
    if (!task.isAhead) task.release()
    task.flight = number
    this.#flying.set(number, task)
    return true
  }

  // What ends makes room. Where nothing flies, what the program holds has to come back first.
  #sendLater () {
    if (this.#flying.size === 0) setTimeout(() => this.#sendWaiting(), kRetry)
  }

  #onRoom (task, answer, error) {
    if (answer === kAccepted && !task.settled) return this.#sendWaiting()
    this.#room.leave()
    // The daemon gave no answer: submit() tells whether it has ended.
    if (answer === kClosed) return void setTimeout(() => this.#sendWaiting(), kRetry)
    if (answer === kFull) return this.#sendLater()
    if (answer !== kAccepted) task.settle(true, refused(error))
    this.#sendWaiting()
  }

  #startAgain () {
    const session = this.#session
    this.#session = undefined // What is told while it is closed may submit tasks.
    this.#native.close(session)
    this.#endFlying(daemonGone())
    this.#inPlace = new WeakMap()
    this.#leavePool()
  }

  // results: of each its buffers, or its text. messages: [description, native stack or '', id of a job that crashed] of each that is not done. facts: for each outcome
  // its task, status, detail, the payload's place in the scratch buffer (-1: the last of its buffers), its bytes, flags, the
  // result's bytes, cause, ns run, number of runs.
  #onBatch (count, results, messages) {
    const facts = this.#facts
    const ended = []
    const crashed = []
    for (let i = 0; i < count; ++i) {
      const at = i * kFacts
      const number = facts[at]
      const status = facts[at + 1]
      const bytes = facts[at + 4]
      const task = this.#flying.get(number)
      if (status === kCrashedSoFar) {
        if (task !== undefined) crashed.push(task)
        continue
      }
      this.#flying.delete(number)
      if (this.#canMove(task, status, facts[at + 9])) {
        this.#wait(task)
        continue
      }
      const one = { task, ran: facts[at + 8] / 1e6, failed: true, value: undefined, channel: undefined, told: 0, isLast: false, isAnswered: bytes > 0, hadNoWorker: false }
      if (status === kDone) this.#bootFailed = undefined
      if (facts[at + 6] > this.#options.resultCapacity && task !== undefined) this.#rooms.came(task, facts[at + 6])
      if (!one.isAnswered && this.#isStartingAgain) {
        one.value = daemonGone() // Not that the session was closed then.
      } else if (one.isAnswered) {
        this.#decode(one, facts[at + 5], facts[at + 3], bytes, results[i])
      } else {
        one.value = failureOf({ status, detail: facts[at + 2], cause: facts[at + 7], texts: messages[i], task, frames: this.#framesOf(messages[i]) }, this.#options)
        one.hadNoWorker = kNoWorker.includes(facts[at + 7])
      }
      if (task !== undefined) ended.push(one)
    }
    // After all are decoded: what a settled promise does may come back here.
    for (const one of ended) this.#tell(one)
    for (const task of crashed) this.#events.workerEnded(task)
    if (this.#waiting.length > 0 || this.#wasFull) this.#sendWaiting()
  }

  // What ends then ends with the session, which is being closed.
  get #isStartingAgain () { return this.#session === undefined && this.#ending === null }

  // Its daemon is gone, and it has not run: it waits for the next one, as those do that were not given away.
  #canMove (task, status, runs) {
    const isLost = (status === kLost && this.#ending === null) || this.#isStartingAgain
    return isLost && runs === 0 && task?.isAhead && !task.settled
  }

  #framesOf ([,, crashed] = []) {
    return crashed === undefined ? '' : this.#pool?.takeCrash(crashed) ?? ''
  }

  // After what its worker has told beside it.
  #tell (one) {
    const side = this.#pool?.side
    const end = () => this.#events.ended(one.task, one.failed, one.hadNoWorker ? this.#bootFailed ?? explained(one.value, this.#pool) : one.value, one.ran, one.isLast)
    if (side === undefined || this.#ending !== null) end()
    else if (one.told > 0) side.after(one.channel, one.told, end)
    else if (one.isAnswered) end()
    else hearWorkers().then(end)
  }

  // Outcomes that will not be told any more, since their session is closed.
  #endFlying (error) {
    const left = [...this.#flying.values()]
    this.#flying.clear()
    for (const task of left) this.#events.ended(task, true, error)
  }

  #decode (one, flags, place, bytes, list) {
    try {
      let value
      if ((flags & codec.kText) !== 0) {
        value = fromText(list)
      } else {
        list?.forEach(own)
        const payload = place < 0 ? Buffer.from(list[list.length - 1]) : this.#scratch.subarray(place, place + bytes)
        value = codec.decode(payload, list)
      }
      if ((flags & codec.kTold) !== 0) {
        [value, one.channel, one.told] = value
        if (!Number.isSafeInteger(one.told)) throw new TypeError('a number of messages is none')
      }
      const failed = (flags & codec.kThrown) !== 0
      one.value = failed ? unpackError(value) : value
      one.failed = failed
      one.isLast = (flags & codec.kLast) !== 0
    } catch (problem) {
      one.told = 0
      one.value = unreadable(problem)
    }
  }

  // The worker itself stops the task; one that does not within the grace is killed.
  cancel (task) {
    if (!(task.flight > 0) || this.#session === undefined) return
    const { flight } = task
    const session = this.#session
    this.#native.cancel(session, flight)
    setTimeout(() => this.#cancelByForce(session, flight), this.#options.killGrace).unref()
  }

  // Until the daemon has been told: it may be busy, or its supervisor about to be replaced.
  #cancelByForce (session, flight) {
    if (!this.#flying.has(flight) || session !== this.#session) return
    this.#native.cancelByForce(session, flight, 0, (asked) => {
      if (!asked) setTimeout(() => this.#cancelByForce(session, flight), kForceAgain).unref()
    })
  }

  allocate (bytes) {
    if (this.#session === undefined) return undefined
    const made = this.#native.allocate(this.#session, bytes, kSlack)
    if (made === undefined) return undefined
    this.#inPlace.set(made[0], made[1])
    return own(made[0])
  }

  share (bytes) {
    const own = types.isSharedArrayBuffer(bytes.buffer) ? bytes.slice() : bytes
    const shared = new SharedData(own, this.#native, (released) => this.#shared.delete(released))
    this.#shared.add(shared)
    return shared
  }

  end () {
    this.#ending ??= this.#end()
    return this.#ending
  }

  async #end () {
    await Promise.resolve() // #ending is set when the session's last outcomes come.
    clearInterval(this.#hold)
    clearTimeout(this.#again)
    for (const task of this.#waiting.splice(0)) this.#events.ended(task, true, new Error('Terminating worker thread'))
    const session = this.#session
    this.#session = undefined
    if (session !== undefined) this.#native.close(session)
    this.#endFlying(new Error('Terminating worker thread'))
    await (this.#pool === undefined ? this.#opening : this.#pool.leave(this.#opening))
    for (const one of this.#shared) one.release()
  }
}

module.exports = { ProcessBackend }
