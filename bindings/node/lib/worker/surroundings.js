'use strict'
// Makes a worker process look as a worker thread does: environment, arguments, workerData, parentPort, output.
const threads = require('node:worker_threads')
const { EventEmitter } = require('node:events')
const context = require('../context.js')

// A module of the program's may replace any of these.
const { Buffer, process } = globalThis
const { nextTick } = process

function capture (stream, name, side) {
  stream.write = (chunk, encoding, done) => {
    side.tell({ [name]: typeof chunk === 'string' ? Buffer.from(chunk, typeof encoding === 'string' ? encoding : 'utf8') : Buffer.from(chunk) })
    const called = typeof encoding === 'function' ? encoding : done
    if (called) nextTick(called)
    return true
  }
}

// A stream is made, which takes a while, when something asks for it. Where others ran before this, they may have it already.
function captureOutput (side) {
  const mayBeMade = process.execArgv.length > 0 || process.env.NODE_OPTIONS !== undefined
  for (const name of ['stdout', 'stderr']) {
    const own = Object.getOwnPropertyDescriptor(process, name)
    if (mayBeMade || own?.get === undefined) {
      capture(process[name], name, side)
      continue
    }
    Object.defineProperty(process, name, {
      ...own,
      get () {
        Object.defineProperty(process, name, own)
        const stream = process[name]
        capture(stream, name, side)
        return stream
      }
    })
  }
}

// What a thread's parentPort is: messages to the pool; nothing comes back.
const portTo = (side) => Object.assign(new EventEmitter(), {
  postMessage: (message) => side.tell({ message }),
  ref () {},
  unref () {},
  start () {},
  close () {}
})

/** For a process. */
function prepare (boot, addon, side) {
  const number = Number(process.env.RINGMASTER_WORKER)
  for (const name of Object.keys(process.env)) delete process.env[name]
  Object.assign(process.env, boot.env)
  process.title = `ringmaster: ${boot.pool}[${number}]`
  process.argv = [process.argv[0], boot.filename ?? __filename, ...boot.argv]
  pretend({ isMainThread: false, threadId: number + 1, workerData: boot.workerData, parentPort: portTo(side), resourceLimits: boot.resourceLimits ?? {} })
  context.enter({ workerData: boot.workerData, addon })
  if (boot.side !== undefined) captureOutput(side)
}

/** Changes what node:worker_threads exports, in both kinds of modules. */
function pretend (exported) {
  Object.assign(threads, exported)
  require('node:module').syncBuiltinESMExports()
}

module.exports = { prepare, pretend }
