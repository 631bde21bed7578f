'use strict'
// Data that is read by many tasks: copied once, mapped once in each worker, and never part of a task.
const { cloneError } = require('./errors.js')

// A task may hold data of another copy of this package.
const kDescription = Symbol.for('ringmaster.sharedData')

/** What stands for shared data in a task. A worker finds a Uint8Array in its place, and what it writes there it alone sees.
 * Of this class since structured clone asks only of views how they are written. */
class SharedData extends Uint8Array {
  static get [Symbol.species] () { return Uint8Array }
  #handle // of its file; the end of this thread closes it too
  #fd
  #bytes
  #unshare
  #onRelease
  // Its file's name, which nobody can guess: whoever names it has been given the data.
  #name = `ringmaster-shared-${require('node:crypto').randomUUID()}`

  /** A copy of `bytes`.
   * @param {{share: (bytes: Uint8Array, name: string) => [handle: object, fd: number], unshare: (handle: object) => void}} native
   *     makes the file of that name, and closes it
   * @param {(shared: SharedData) => void} onRelease */
  constructor (bytes, native, onRelease) {
    super(0)
    ;[this.#handle, this.#fd] = native.share(bytes, this.#name)
    this.#unshare = native.unshare
    this.#bytes = bytes.length
    this.#onRelease = onRelease
  }

  get sharedBytes () { return this.#bytes }

  /** As text in a task: what it is, where it lies. */
  get [kDescription] () {
    if (this.#fd === undefined) throw cloneError('shared data was released and cannot be given to a task.')
    return JSON.stringify([this.#name, `/proc/${process.pid}/fd/${this.#fd}`, this.#bytes])
  }

  /** No task may be given it any more, nor may one that has it be running. */
  release () {
    if (this.#fd === undefined) return
    this.#unshare(this.#handle)
    this.#fd = undefined
    this.#onRelease(this)
  }
}

// By name, for as long as a script has it.
const mapped = new Map()
const dropped = new FinalizationRegistry((name) => { if (mapped.get(name)?.deref() === undefined) mapped.delete(name) })

/** In a worker: the data of that description. */
function openShared (description, map) {
  const [name, path, bytes] = JSON.parse(description)
  const known = mapped.get(name)?.deref()
  if (known !== undefined) return known
  const data = new Uint8Array(map(path, name, bytes))
  mapped.set(name, new WeakRef(data))
  dropped.register(data, name)
  return data
}

module.exports = { SharedData, kDescription, openShared }
