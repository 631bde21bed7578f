'use strict'
// The main module of a worker thread, where there are no worker processes.
const { workerData: boot } = require('node:worker_threads')
const context = require('../context.js')
const { preload } = require('./load_function.js')
const { Answer, run } = require('./runner.js')
const surroundings = require('./surroundings.js')
const { partsOf } = require('../codec.js')

const { process, setImmediate } = globalThis // A module of the program's may replace them.

const { port } = boot
const host = {
  finish (number, flags, payload, buffers, message, moved) {
    const parts = partsOf(buffers, moved)
    port.postMessage({ number, flags, payload, parts }, [...new Set(parts)])
  },
  detach () {}, // What is moved is gone already.
  told: () => 0
}
// What a task asks of its process, as far as a thread has it.
const addon = { facts: () => ({ attempt: 1, cancelled: false, deadlineLeft: Infinity }), progress () {}, reserve () {} }

surroundings.pretend({ workerData: boot.workerData })
context.enter({ workerData: boot.workerData, addon })

async function start () {
  await preload(boot.filename, boot.name)
  port.on('message', ({ number, flags, payload, parts, isTimed }) => {
    if (isTimed) port.postMessage({ began: number })
    run(boot, new Answer(host, number), flags, payload, parts)
  })
}
process.on('unhandledRejection', (error) => {
  if (process.listenerCount('unhandledRejection') === 1) throw error // Else the program handles it.
})
start().catch((error) => { setImmediate(() => { throw error }) })
