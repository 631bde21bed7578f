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
  whileThere (start) { return new Promise(start) }
  refusal (error) { return refused(error) }
  explain (text) {
    if (!/ has no handler "js"/.test(text)) return text
    return `pool "${this.#pool}" runs no functions of JavaScript modules: its command must be node and this package's lib/worker/serve.js with a module's path`
  }

  takeCrash () { return '' }
  lost () {}
  async leave () {}
}

module.exports = { ConfiguredPool }
