'use strict'
// Queues of tasks that no worker has been given yet. Anything with size, push, shift and remove will do as one.

function isTaskQueue (value) {
  return value !== null && typeof value === 'object' && 'size' in value &&
    ['push', 'shift', 'remove'].every((name) => typeof value[name] === 'function')
}

/** First in, first out, on a plain array that others may look at and sort. */
class ArrayTaskQueue {
  tasks = []

  get size () { return this.tasks.length }
  push (task) { this.tasks.push(task) }
  shift () { return this.tasks.shift() ?? null }
  unshift (task) { this.tasks.unshift(task) }

  remove (task) {
    const at = this.tasks.indexOf(task)
    if (at >= 0) this.tasks.splice(at, 1)
  }
}

const kBlock = 2048

/** First in, first out, in blocks: its time does not grow with its length. Removed tasks leave a hole. */
class FixedQueue {
  #blocks = []
  #head = 0 // the place of the oldest task in the first block
  #size = 0

  get size () { return this.#size }
  isEmpty () { return this.#size === 0 }

  push (task) {
    let last = this.#blocks.at(-1)
    if (last === undefined || last.length === kBlock) this.#blocks.push(last = [])
    last.push(task)
    ++this.#size
  }

  unshift (task) {
    if (this.#head === 0) {
      this.#blocks.unshift(new Array(kBlock).fill(undefined))
      this.#head = kBlock
    }
    this.#blocks[0][--this.#head] = task
    ++this.#size
  }

  shift () {
    while (this.#blocks.length > 0) {
      const first = this.#blocks[0]
      while (this.#head < first.length) {
        const task = first[this.#head]
        first[this.#head++] = undefined
        if (task !== undefined) {
          --this.#size
          return task
        }
      }
      this.#blocks.shift()
      this.#head = 0
    }
    return null
  }

  remove (task) {
    for (const block of this.#blocks) {
      const at = block.indexOf(task)
      if (at < 0) continue
      block[at] = undefined
      --this.#size
      return
    }
  }
}

module.exports = { ArrayTaskQueue, FixedQueue, isTaskQueue }
