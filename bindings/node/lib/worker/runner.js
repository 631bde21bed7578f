'use strict'
// How a worker answers tasks, whatever it is: a process of the daemon's, or a thread. All that it needs is loaded before any
// of the program's code: after that there may be no descriptor left to read a file with, or no right to, and globals may be others.
const codec = require('../codec.js')
const { packError } = require('../errors.js')
const { buffersOf, isMovable, kTransferable, kValue } = require('../movable.js')
const { fromText, toText } = require('../plain_text.js')
const { loadFunction } = require('./load_function.js')
const { types } = require('node:util')
const { kAddressed, kText, kThrown, kTold } = require('../task_flags.js')

const { Error, Promise } = globalThis // As they were before.

function oneLine (error) {
  try {
    return String(error instanceof Error ? `${error.name}: ${error.message}` : error).slice(0, 400)
  } catch {
    return 'a value that cannot be shown was thrown'
  }
}

/** What `use` makes of the packed error; of its text alone where that cannot be cloned, or getters of it throw. */
function withPacked (error, use) {
  let made
  try {
    made = use(packError(error))
  } catch {
    made = use(packError(new Error(oneLine(error))))
  }
  return made
}

/** One task that is open; it is answered once. */
class Answer {
  #host
  #told
  /** What the host knows it by. */
  ticket
  given = false

  /**
   * @param host {finish(ticket, flags, payload, buffers, message, moved), detach(buffer), told(): number, channel,
   *   takesText: a payload may be text}
   */
  constructor (host, ticket) {
    this.#host = host
    this.#told = host.told()
    this.ticket = ticket
  }

  succeed = (result) => {
    if (this.given) return
    let transfer
    let parts
    try {
      if (isMovable(result)) {
        transfer = buffersOf(result[kTransferable])
        result = result[kValue]
      }
      const text = transfer === undefined && this.#host.takesText && !this.#hasTold ? toText(result) : undefined
      parts = text !== undefined ? { flags: kText, payload: text } : this.#encode(result, transfer)
    } catch (error) {
      return this.fail(error)
    }
    this.#give(0, parts, undefined, transfer)
    for (const one of transfer ?? []) this.#host.detach(one)
  }

  /** @param {number} [more] kLast: the worker ends */
  fail = (error, more = 0) => {
    if (this.given) return
    const parts = withPacked(error, (packed) => this.#encode(packed))
    this.#give(kThrown | more, parts, oneLine(error))
  }

  get #hasTold () { return this.#host.told() !== this.#told }
  // What getters of the value tell comes too late to be waited for.
  #encode (value, transfer) {
    const hasTold = this.#hasTold
    const whole = hasTold ? [value, this.#host.channel, this.#host.told()] : value
    return { flags: hasTold ? kTold : 0, ...codec.encode(whole, transfer) }
  }

  #give (flags, parts, message, moved = []) {
    this.given = true
    this.#host.finish(this.ticket, flags | parts.flags, parts.payload, parts.buffers, message, moved)
  }
}

function call (answer, handler, task) {
  let result
  try {
    result = handler(task)
  } catch (error) {
    return answer.fail(error)
  }
  if (result === null || typeof result !== 'object' || typeof result.then !== 'function') return answer.succeed(result)
  // A promise of somebody else's may settle twice.
  const promise = types.isPromise(result) ? result : Promise.resolve(result)
  promise.then(answer.succeed, answer.fail)
}

// A pool that others than its owner may use runs what its owner has named.
function checkAddress ({ isForOthers, filename: own }, filename, name) {
  if (typeof filename !== 'string' || typeof name !== 'string') throw new TypeError('a task names a function by two strings')
  if (isForOthers && filename !== own) throw new Error(`this pool runs functions of ${own} only (its command does not say --any-module)`)
}

/** Runs the task that these bytes are; `boot` has the pool's own function. */
function run (boot, answer, flags, payload, buffers) {
  let { filename, name } = boot
  let task
  try {
    task = (flags & kText) !== 0 ? fromText(payload) : codec.decode(payload, buffers)
    if ((flags & kAddressed) !== 0) {
      [filename, name, task] = task
      filename ??= boot.filename
      checkAddress(boot, filename, name)
    }
  } catch (error) {
    return answer.fail(error)
  }
  const handler = loadFunction(filename, name, boot.isForOthers)
  if (typeof handler === 'function') return call(answer, handler, task)
  handler.then((found) => call(answer, found, task), answer.fail)
}

module.exports = { Answer, oneLine, run, withPacked }
