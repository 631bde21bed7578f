'use strict'
// A pool of a daemon's that this process creates, with what its workers read and where they tell what goes beside the
// tasks. The daemon is this process's own, or one that serves others too.
const crypto = require('node:crypto')
const fs = require('node:fs')
const path = require('node:path')
const v8 = require('node:v8')
const { encodeWhole } = require('./codec.js')
const { javascriptFrames } = require('./failure.js')
const { refused } = require('./errors.js')
const { makeFolder, outerFolder, removeFolder } = require('./folders.js')
const { environmentOf, poolConfig, sizeOfPool } = require('./pool_config.js')
const { PrivateDaemon } = require('./private_daemon.js')
const programs = require('./programs.js')
const { SideServer } = require('./side_channel.js')

// How to start another is nothing for a program that has its own.
const kIsGone = /^(no daemon answers on|the daemon is stopping)/
const kSeeLog = '; the daemon goes on trying, see its log and `ringmaster status`'
const kByVariable = ' (the socket is named by RINGMASTER_SOCKET in the environment of this program)'
const kOtherWays = '; or, in this program: a pool of the daemon\'s configuration, new Pool({ pool: \'name\' }), or ' +
  'a private daemon, new Pool({ socket: null })'

// As the daemon allows it, and as `ringmaster status` is to show it.
function nameOf (filename) {
  const name = path.parse(filename ?? 'node').name.replace(/[^A-Za-z0-9_-]/g, '_').replace(/^[-_]+/, '').slice(0, 20)
  return `${name || 'node'}-${crypto.randomBytes(4).toString('hex')}`
}

class CreatedPool {
  #native
  #options
  #isPrivate
  #onMessage
  #daemon // its own, if it is private
  #size
  #known // what its workers are to know, as bytes
  #folder
  #name // as the daemon calls it
  #created // a promise of its handle
  #socket
  #boot
  #isLost = false
  #isLeft = false
  side // undefined: not there yet

  /**
   * @param {string | undefined} socket of a daemon that serves others too; undefined: a private one
   * @param {(message) => void} onMessage as SideServer's
   */
  constructor (native, options, socket, onMessage) {
    const o = options
    this.#native = native
    this.#options = o
    this.#isPrivate = socket === undefined
    this.#socket = socket
    this.#onMessage = onMessage
    this.#size = sizeOfPool(o)
    this.#known = v8.serialize({
      filename: o.filename,
      name: o.name,
      workerData: o.workerData === undefined ? undefined : encodeWhole(o.workerData),
      env: environmentOf(o),
      argv: (o.argv ?? []).map(String),
      pool: o.filename === null ? 'node' : path.basename(o.filename),
      addon: programs.worker,
      outerFolder: outerFolder(),
      resultCapacity: o.resultCapacity,
      stack: o.stack,
      resourceLimits: o.resourceLimits
    })
  }

  // Each of it may fail, where there is no room on a disk; leave() gives back what has been made by then.
  async #prepare () {
    if (this.#isPrivate) {
      this.#daemon = PrivateDaemon.join(this.#processes, this.#options.memoryMax !== undefined)
      this.#socket = this.#daemon.socket
      await this.#daemon.listening()
    }
    if (this.#isLeft) throw new Error('the pool has ended')
    this.#folder = this.#daemon?.makeFolder() ?? makeFolder()
    this.#boot = path.join(this.#folder, 'boot')
    fs.writeFileSync(this.#boot, this.#known, { mode: 0o600 })
    this.side = new SideServer(path.join(this.#folder, 'messages'), this.#onMessage) // Where boot.js looks for it.
  }

  /** What `start` resolves to. Where the program's own daemon ends before, that is a refusal, and `undo` is given what comes later. */
  whileThere (start, undo) { return this.#daemon?.whileThere(start, undo) ?? new Promise(start) }
  get isOfOthers () { return !this.#isPrivate }
  /** What the library says, with what workers said that could not start: a program has no log of its daemon's at hand. */
  explain (text) {
    if (!text.includes(kSeeLog) || !this.#isPrivate) return text
    const said = this.#daemon?.saidBy(this.#name)
    return text.replace(kSeeLog, said ? `:\n${said}` : '; RINGMASTER_NODE_LOG=1 shows its daemon\'s log')
  }

  get #processes () { return this.#size.max + this.#options.spares }

  /** Resolves to {socket, pool}, which can be asked for a session; its workers may still be starting. */
  async open () {
    this.#created = this.#create()
    const { name } = await this.#created
    return { socket: this.#socket, pool: name }
  }

  /** Of what the client library says, where there is no pool or session: a TaskError. */
  refusal (error, otherWays = '') {
    if (this.#isPrivate) return refused(kIsGone.test(error) ? 'the private daemon has been stopped' : error)
    return refused(`${error}${this.#options.socket === undefined ? kByVariable : ''}${otherWays}`)
  }

  async #create () {
    await this.#prepare()
    const { min, max } = this.#size
    const wish = { socket: this.#socket, name: nameOf(this.#options.filename), config: poolConfig(this.#options, this.#boot, this.#isPrivate), workers: max, minWorkers: min }
    return this.whileThere((resolve, reject) => this.#native.createPool(wish, (error, handle, name) => {
      this.#name = name
      if (handle !== undefined) resolve({ handle, name })
      else reject(this.refusal(error, kOtherWays))
    }), ({ handle }) => this.#native.dropPool(handle, () => {}))
  }

  /** Where the script was in which a job's worker crashed; '': nobody knows. It can be asked once. */
  takeCrash (job) {
    const file = path.join(this.#folder, `crash-${job}`)
    try {
      return javascriptFrames(fs.readFileSync(file, 'utf8'))
    } catch {
      return ''
    } finally {
      fs.rmSync(file, { force: true })
    }
  }

  /** Its daemon has ended, or has let go of it: the next pool gets another. */
  lost () {
    this.#isLost = true
    this.#daemon?.shun()
  }

  /** Nothing of it is left then.
   * @param {Promise} [opening] a session that is being opened. It would go on asking for a daemon that has ended; it ends at
   * once when its pool does. */
  async leave (opening) {
    this.#isLeft = true
    try {
      if (!this.#isLost && !(this.#daemon?.hasOnePool && opening === undefined)) await this.#drop()
      await opening
      await this.#daemon?.leave(this.#processes)
    } finally {
      await this.side?.close()
      if (this.#folder !== undefined) removeFolder(this.#folder)
    }
  }

  async #drop () {
    const created = await this.#created?.catch(() => undefined)
    if (created === undefined) return
    const dropped = new Promise((resolve) => this.#native.dropPool(created.handle, resolve))
    await (this.#daemon ? Promise.race([dropped, this.#daemon.gone]) : dropped)
  }
}

module.exports = { CreatedPool }
