'use strict'
// A daemon of this process's own: ended with the pool that it is for, or with this process, however that ends.
const fs = require('node:fs')
const net = require('node:net')
const path = require('node:path')
const { spawn } = require('node:child_process')
const { makeFolder, removeFolder } = require('./folders.js')
const programs = require('./programs.js')

// Workers have cgroups only where their memory has a limit.
const configOf = (hasLimits) => `[daemon]
log_level = "warning"
cgroup = "${hasLimits ? 'auto' : 'off'}"
shutdown_timeout = "100ms"
`
const kLogLines = 20
const kRetry = 2 // Milliseconds, until the daemon listens.

class PrivateDaemon {
  #process
  #owner
  #log = []
  #why // it has ended
  /** Resolves, with a sentence, when the daemon has ended. */
  gone
  folder = makeFolder()
  socket = path.join(this.folder, 'socket')

  /**
   * @param {(folder: string) => string} pools makes its configuration's pools
   * @param {boolean} hasLimits of memory
   */
  constructor (pools, hasLimits) {
    const config = path.join(this.folder, 'config.toml')
    fs.writeFileSync(config, configOf(hasLimits) + pools(this.folder), { mode: 0o600 })
    // The fourth descriptor is a pair of sockets: this process's end is closed with it, and that ends the daemon.
    this.#process = spawn(programs.daemon, ['--config', config, '--socket', this.socket, '--owner-fd', '3'],
      { stdio: ['ignore', 'ignore', 'pipe', 'pipe'], cwd: '/' })
    this.#owner = this.#process.stdio[3]
    for (const one of [this.#process, this.#owner, this.#process.stderr]) one?.unref()
    this.#owner?.on('error', () => {})
    this.#process.stderr?.on('data', (text) => this.#keep(text))
    this.gone = new Promise((resolve) => {
      this.#process.once('error', (error) => resolve(`the private daemon did not start: ${error.message}`))
      this.#process.once('exit', (code, signal) => resolve(`the private daemon ended with ${signal ?? `status ${code}`}`))
    }).then((why) => (this.#why = `${why}: ${this.#log.join('').trim() || 'it said nothing'}`))
  }

  #keep (text) {
    if (process.env.RINGMASTER_NODE_LOG) process.stderr.write(text)
    this.#log.push(String(text))
    if (this.#log.length > kLogLines) this.#log.shift()
  }

  /** Resolves when the daemon can be asked; rejects with its last words when it has ended before. */
  async listening () {
    while (this.#why === undefined) {
      if (await this.#answers()) return
      await new Promise((resolve) => setTimeout(resolve, kRetry))
    }
    throw new Error(this.#why)
  }

  // There is a moment between the socket's name and its being listened to: only a connection tells.
  #answers () {
    return new Promise((resolve) => {
      const connection = net.connect(this.socket)
      connection.once('error', () => resolve(false)).once('connect', () => resolve(true)).once('connect', () => connection.destroy())
    })
  }

  async stop () {
    this.#process.ref()
    this.#owner?.destroy()
    await this.gone
    removeFolder(this.folder)
  }
}

module.exports = { PrivateDaemon }
