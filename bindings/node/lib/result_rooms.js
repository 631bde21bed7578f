'use strict'
// How much room results get. One that has outgrown its room came in memory of its own, which takes several times as long:
// the next one of its function has as much room, where the pool's memory has that for all of its tasks at a time.

const kMostFunctions = 256
const keyOf = ({ filename, name }) => `${filename}\n${name}`

class ResultRooms {
  #least
  #most
  #rooms = new Map() // by function

  constructor (least, most) {
    this.#least = least
    this.#most = most
  }

  /** @param task {filename, name} */
  of (task) { return this.#rooms.size === 0 ? this.#least : this.#rooms.get(keyOf(task)) ?? this.#least }

  /** The task has come back with so many bytes. */
  came (task, bytes) {
    if (bytes <= this.of(task) || bytes > this.#most) return
    if (this.#rooms.size >= kMostFunctions) this.#rooms.clear()
    this.#rooms.set(keyOf(task), Math.ceil(bytes * 9 / 8))
  }
}

module.exports = { ResultRooms }
