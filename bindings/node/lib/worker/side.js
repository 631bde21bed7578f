'use strict'
// What a worker tells its pool beside the tasks (../side_channel.js), over a socket that its addon connects: node:net takes
// longer to load than most workers need for all the rest, and is loaded by the first that has something to tell.
const fs = require('node:fs')
const v8 = require('node:v8')
const { encodeWhole } = require('../codec.js')

const { Buffer, process } = globalThis // A module of the program's may replace them.
const kHead = 4 // Bytes of a message's size.

/** @param {Buffer} bytes a message as encodeWhole() makes it, which is v8.serialize() where it holds no buffers */
function frame (bytes) {
  const framed = Buffer.allocUnsafe(kHead + bytes.length)
  framed.writeUInt32LE(bytes.length)
  bytes.copy(framed, kHead)
  return framed
}

class Side {
  #fd // connected, and not #socket's yet
  #socket
  /** The channel's name, and how many messages have been told in it. */
  channel = `${process.pid}-${process.hrtime.bigint()}`
  count = 0

  /** @param {string | undefined} path undefined: there is no such channel, and nothing is told.
   * @param addon {connect(path): a descriptor, or undefined where nobody listens, or too many wait} */
  connect (path, addon) {
    const fd = path === undefined ? undefined : addon.connect(path)
    if (fd === undefined) return
    try {
      // Known to the pool before any outcome that says how many messages go before it.
      fs.writeSync(fd, frame(v8.serialize({ channel: this.channel })))
      this.#fd = fd
    } catch {
      fs.closeSync(fd) // The pool has ended.
    }
  }

  #open () {
    if (this.#fd === undefined) return
    const { Socket } = require('node:net')
    this.#socket = new Socket({ fd: this.#fd, writable: true }).unref()
    this.#fd = undefined
    this.#socket.on('error', () => { this.#socket = undefined })
  }

  tell (message) {
    this.#open()
    if (this.#socket === undefined) return
    const framed = frame(encodeWhole(message))
    ++this.count
    this.#socket.write(framed)
  }

  /** Calls `done` when what was told has been sent. */
  end (done) {
    const socket = this.#socket
    if (socket === undefined) return done()
    socket.ref()
    socket.once('error', done)
    socket.end(done)
  }
}

module.exports = { kHead, Side }
