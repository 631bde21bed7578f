'use strict'
// Data that is read by many tasks: copied once, mapped once in each worker, and never part of a task.
const fs = require('node:fs')
const { cloneError } = require('./errors.js')

let ids = 0

/** What stands for shared data in a task. A worker finds a Uint8Array in its place: the same in every task, and what it
 * writes there it alone sees. Of this class since structured clone asks only of views how they are written. */
class SharedData extends Uint8Array {
  static get [Symbol.species] () { return Uint8Array }
  #fd
  #bytes
  #id = `${process.pid}/${ids++}`

  constructor (fd, bytes) {
    super(0)
    this.#fd = fd
    this.#bytes = bytes
  }

  get sharedBytes () { return this.#bytes }

  /** As text in a task: what it is, where it lies. */
  get description () {
    if (this.#fd === undefined) throw cloneError('shared data was released and cannot be given to a task.')
    return JSON.stringify([this.#id, `/proc/${process.pid}/fd/${this.#fd}`, this.#bytes])
  }

  /** No task may be given it any more, nor may one that has it be running. */
  release () {
    if (this.#fd !== undefined) fs.closeSync(this.#fd)
    this.#fd = undefined
  }
}

const mapped = new Map()

/** In a worker: the data of that description. */
function openShared (description, map) {
  const [id, path, bytes] = JSON.parse(description)
  if (!mapped.has(id)) mapped.set(id, new Uint8Array(map(path, bytes)))
  return mapped.get(id)
}

module.exports = { SharedData, openShared }
