'use strict'
// What workers tell their pool beside the tasks: messages, output, errors outside of a task. Over a Unix socket in the
// daemon's folder, which only this user may enter. This is the pool's half; worker/side.js is the worker's.
const net = require('node:net')
const { decode } = require('./codec.js')
const { kHead } = require('./worker/side.js')

/** Finds messages in what comes in pieces. */
class Unframer {
  #chunks = []
  #bytes = 0
  #wanted = kHead

  /** The messages that are whole now. */
  take (chunk) {
    const messages = []
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    while (this.#bytes >= this.#wanted) {
      const all = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks)
      this.#wanted = kHead + all.readUInt32LE(0)
      this.#chunks = [all]
      if (all.length < this.#wanted) break
      messages.push(decode(all.subarray(kHead, this.#wanted)))
      this.#chunks = [all.subarray(this.#wanted)]
      this.#bytes -= this.#wanted
      this.#wanted = kHead
    }
    return messages
  }
}

// What is in a socket by now, or on its way to being accepted, has been read and passed on after so many turns of the loop.
const kTurns = 4
const kBacklog = 4096 // While the program is busy all its workers may come; one that finds no room tells nothing.
const kRounds = 100 // A process that a task has left behind may go on telling.
const nextTurn = () => new Promise(setImmediate)

/** Resolves when what workers have told by now has been passed on. */
async function hearWorkers () {
  for (let turn = 0; turn < kTurns; ++turn) await nextTurn()
}

/** The pool's half. Each message has a number in its worker's channel, so that an outcome can wait for what its task has
 * told before. */
class SideServer {
  #server
  #told = new Map() // how many messages of each channel have come
  #waiting = [] // {channel, count, then}
  #sockets = new Set()
  #heard = 0 // pieces of what is told
  #onMessage

  constructor (path, onMessage) {
    this.#onMessage = onMessage
    this.#server = net.createServer((socket) => this.#listen(socket)).listen({ path, backlog: kBacklog, exclusive: true }).unref()
    this.#server.on('error', () => {}) // No descriptors: its workers tell nothing, and answer their tasks.
  }

  #listen (socket) {
    const unframer = new Unframer()
    let channel
    this.#sockets.add(socket.unref())
    socket.on('error', () => {})
    const take = (message) => {
      if (channel === undefined) {
        channel = String(message.channel)
        this.#told.set(channel, { count: 0, socket })
      } else {
        ++this.#told.get(channel).count
        this.#onMessage(message)
      }
    }
    socket.on('data', (chunk) => {
      ++this.#heard
      try {
        unframer.take(chunk).forEach(take)
      } catch { // No worker of ours says such a thing: nothing of it is heard any more.
        socket.destroy()
      }
      this.#look()
    })
    socket.on('close', () => {
      this.#sockets.delete(socket)
      this.#told.delete(channel)
      this.#look()
    })
  }

  /** Calls `then` when `count` messages of the channel have been passed on, or none comes any more. At once where they
   * have been. */
  after (channel, count, then) {
    const told = this.#told.get(channel)
    if (told === undefined) return void this.#afterHello(channel, count, then)
    if (told.count >= count) return then()
    told.socket.ref()
    this.#waiting.push({ channel, count, then })
  }

  // It has been told before the outcome: it is being read, or has been, and its worker has ended.
  async #afterHello (channel, count, then) {
    for (let turn = 0; turn < kTurns && !this.#told.has(channel); ++turn) await nextTurn()
    if (this.#told.has(channel)) this.after(channel, count, then)
    else then()
  }

  #look () {
    const ready = this.#waiting.filter((one) => !(this.#told.get(one.channel)?.count < one.count))
    if (ready.length === 0) return
    this.#waiting = this.#waiting.filter((one) => !ready.includes(one))
    for (const { channel } of ready) if (!this.#waiting.some((one) => one.channel === channel)) this.#told.get(channel)?.socket.unref()
    for (const { then } of ready) then()
  }

  /** When the workers have ended: resolves when what they had told has been passed on. */
  async close () {
    for (let round = 0, heard; round < kRounds && heard !== this.#heard; ++round) {
      heard = this.#heard
      await hearWorkers()
    }
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }
}

module.exports = { hearWorkers, SideServer }
