'use strict'
// A daemon of this process's own, for all its pools: started by the first, ended with the last one, or with this process,
// however that ends.
const fs = require('node:fs')
const net = require('node:net')
const path = require('node:path')
const { spawn } = require('node:child_process')
const { isMainThread } = require('node:worker_threads')
const { refused } = require('./errors.js')
const { makeFolder, removeFolder } = require('./folders.js')
const { warnOnce } = require('./known_options.js')
const programs = require('./programs.js')

// What one daemon has room for; more pools get another.
const kMostPools = 64
const kMostProcesses = 1024
// Nobody else can reach it, and this process shares its memory with its pools as it likes.
const kMany = 1000000
// Workers have cgroups only where their memory has a limit.
const configOf = (hasLimits) => `[daemon]
log_level = "warning"
cgroup = "${hasLimits ? 'auto' : 'off'}"
shutdown_timeout = "100ms"
[limits]
max_connections = 1024
connections_per_uid = 1024
sessions_per_uid = ${kMany}
slots_per_uid = ${kMany}
bytes_per_uid = "1TiB"
crashes_per_minute = ${kMany}
pools_per_uid = ${kMostPools}
workers_per_uid = ${kMostProcesses}
[pool]
`
const kLogLines = 20
const kNoLimit = /"memory_max is not enforced.*? reason="((?:[^"\\]|\\.)*)"/
const kRetry = 2 // Milliseconds, where nothing tells of a new socket, or it was not listened to yet.

const running = new Set()

class PrivateDaemon {
  #process
  #owner
  #log = []
  #why // it has ended
  #pools = 0
  #processes = 0
  #hasLimits
  /** Resolves, with a sentence, when the daemon has ended. */
  gone
  folder = makeFolder()
  socket = path.join(this.folder, 'socket')

  /** One with room for a pool of so many processes; leave() gives it back.
   * @param {boolean} hasLimits of its workers' memory */
  static join (processes, hasLimits) {
    const found = [...running].find((one) => one.#hasLimits === hasLimits && one.#why === undefined &&
      one.#pools < kMostPools && one.#processes + processes <= kMostProcesses)
    const daemon = found ?? new PrivateDaemon(hasLimits)
    running.add(daemon)
    ++daemon.#pools
    daemon.#processes += processes
    return daemon
  }

  constructor (hasLimits) {
    this.#hasLimits = hasLimits
    const config = path.join(this.folder, 'config.toml')
    fs.writeFileSync(config, configOf(hasLimits), { mode: 0o600 })
    // The fourth descriptor is a pair of sockets: this process's end is closed with it, and that ends the daemon. Ctrl-C in
    // a terminal is for this process alone: it may still have tasks to finish.
    // The folder is removed by whoever lives longer, this process or the daemon.
    this.#process = spawn(programs.daemon, ['--config', config, '--socket', this.socket, '--owner-fd', '3', '--runtime-folder', this.folder],
      { stdio: ['ignore', 'ignore', 'pipe', 'pipe'], cwd: '/', detached: true })
    if (!isMainThread) this.#reapWithThread()
    this.#owner = this.#process.stdio[3]
    for (const one of [this.#process, this.#owner, this.#process.stderr]) one?.unref()
    this.#owner?.on('error', () => {})
    this.#process.stderr?.on('data', (text) => this.#keep(text))
    this.gone = new Promise((resolve) => {
      this.#process.once('error', (error) => resolve(`the private daemon did not start: ${error.message}`))
      this.#process.once('exit', (code, signal) => resolve(`the private daemon ended with ${signal ?? `status ${code}`}`))
    }).then((why) => (this.#why = `${why}: ${this.#log.join('').trim() || 'it said nothing'}`))
  }

  // A thread that is terminated leaves the daemon behind, which ends then.
  #reapWithThread () {
    if (this.#process.pid === undefined) return // It has not started.
    const native = require(programs.client)
    const left = native.reapWithThread(this.#process.pid)
    this.#process.once('exit', () => native.isReaped(left))
  }

  #keep (text) {
    if (process.env.RINGMASTER_NODE_LOG) process.stderr.write(text)
    this.#log.push(String(text))
    const [, why] = kNoLimit.exec(text) ?? []
    if (why !== undefined) warnOnce(`memoryMax is not kept while a task runs: workers have no cgroup with a limit: ${why.replaceAll('\\"', '"')}`)
    if (this.#log.length > kLogLines) this.#log.shift()
  }

  async whileThere (start, undo) {
    let isOver = false
    const made = new Promise(start)
    made.then((one) => { if (isOver) undo(one) }, () => {})
    try {
      return await Promise.race([made, this.gone.then(() => { throw refused('the private daemon has been stopped') })])
    } finally {
      isOver = true
    }
  }

  /** What workers of that pool have written lately, a line each; '' if nothing is known. */
  saidBy (pool) {
    const lines = this.#log.join('').split('\n').filter((line) => line.includes('event="worker output"') && line.includes(` pool=${pool} `))
    const texts = lines.map((line) => /text="((?:[^"\\]|\\.)*)"/.exec(line)?.[1].replaceAll('\\"', '"')).filter(Boolean)
    return [...new Set(texts)].slice(-5).join('\n')
  }

  /** Resolves when the daemon can be asked; rejects with its last words when it has ended before. */
  async listening () {
    let look = () => {}
    const watcher = this.#watch(() => look())
    try {
      while (this.#why === undefined) {
        if (await this.#answers()) return
        await new Promise((resolve) => {
          look = resolve
          setTimeout(resolve, kRetry)
        })
      }
    } finally {
      watcher?.close()
    }
    throw refused(this.#why)
  }

  // What the daemon makes in its folder. There may be none: a user has only so many watches.
  #watch (onChange) {
    try {
      return fs.watch(this.folder, { persistent: false }, onChange).on('error', () => {})
    } catch {}
  }

  // There is a moment between the socket's name and its being listened to: only a connection tells.
  #answers () {
    return new Promise((resolve) => {
      const connection = net.connect(this.socket)
      connection.once('error', () => resolve(false)).once('connect', () => resolve(true)).once('connect', () => connection.destroy())
    })
  }

  /** A new folder for a pool, which goes with the daemon's. REQUIRES: it listens; until then its folder has to be new. */
  makeFolder () {
    return fs.mkdtempSync(path.join(this.folder, 'pool-'))
  }

  /** No pool joins it any more: it does not serve as it should. */
  shun () {
    running.delete(this)
  }

  /** Its next leave() ends it. */
  get hasOnePool () { return this.#pools === 1 }

  /** Ends it with its last pool. */
  async leave (processes) {
    this.#processes -= processes
    if (--this.#pools > 0) return
    running.delete(this)
    this.#process.ref()
    this.#owner?.destroy()
    await this.gone
    removeFolder(this.folder)
  }
}

module.exports = { PrivateDaemon }
