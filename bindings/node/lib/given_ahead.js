'use strict'
// Tasks that wait for a seat, and that the backend has already: a worker that has done its task finds the next one without
// this thread's help. They are still waiting as the pool shows it, and take seats in their order.

class GivenAhead {
  #tasks = new Set()
  #most

  /** @param {number} most tasks at a time */
  constructor (most) {
    this.#most = most
  }

  get size () { return this.#tasks.size }
  get hasRoom () { return this.#tasks.size < this.#most }
  [Symbol.iterator] () { return this.#tasks.values() }

  /** What can be aborted ends its worker, so it must be known which it runs in; and memory that is moved is for tasks that
   * run. */
  static mayBe (task) { return !task.isAbortable && task.transfer.length === 0 }

  add (task) { this.#tasks.add(task) }
  has (task) { return this.#tasks.has(task) }
  /** False: it is none of these. */
  remove (task) { return this.#tasks.delete(task) }
  /** The one that waits longest. */
  get first () { return this.#tasks.values().next().value }
}

module.exports = { GivenAhead }
