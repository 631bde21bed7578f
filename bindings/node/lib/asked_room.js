'use strict'
// Memory for a task that is larger than what its session has: the daemon is asked for it, and nobody waits for its answer.

class AskedRoom {
  #native
  #session
  #answered
  #wish // {task, id: 0 until it is there}

  /** @param {(task, answer: number, error: string) => void} answered as submit() answers; of a task that still wants it */
  constructor (native, session, answered) {
    this.#native = native
    this.#session = session
    this.#answered = answered
  }

  ask (task, bytes) {
    this.leave()
    const wish = { task, id: 0 }
    this.#wish = wish
    this.#native.askRoom(this.#session, bytes, (answer, id, error) => {
      wish.id = id
      if (this.#wish !== wish) return this.#drop(wish)
      this.#answered(task, answer, error)
    })
  }

  isAskedFor (task) { return this.#wish?.task === task && this.#wish.id === 0 }

  /** Its id; 0: there is none for this task. */
  of (task) { return this.#wish?.task === task ? this.#wish.id : 0 }

  /** The task has it. */
  taken () { this.#wish = undefined }

  /** Nothing is wanted any more for this task. */
  leaveFor (task) { if (this.#wish?.task === task) this.leave() }

  /** It is not wanted any more. */
  leave () {
    const wish = this.#wish
    this.#wish = undefined
    this.#drop(wish)
  }

  #drop (wish) {
    if (wish !== undefined && wish.id !== 0) this.#native.dropRoom(this.#session, wish.id)
  }
}

module.exports = { AskedRoom }
