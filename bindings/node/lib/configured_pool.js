'use strict'
// A pool that a daemon's configuration has. Its workers run lib/worker/serve.js, and tell nothing beside the tasks.
const { refused } = require('./errors.js')

class ConfiguredPool {
  #socket
  #pool

  /** @param {string | undefined} socket undefined: the daemon in the usual place */
  constructor (socket, pool) {
    this.#socket = socket
    this.#pool = pool
  }

  get isOfOthers () { return true }
  async open () { return { socket: this.#socket, pool: this.#pool } }
  refusal (error) { return refused(error) }
  takeCrash () { return '' }
  lost () {}
  async leave () {}
}

module.exports = { ConfiguredPool }
