'use strict'
// What scripts/bench has pools run.
module.exports = ({ a, b }) => a + b
Object.assign(module.exports, {
  // Long enough for each worker to have some.
  self: (ms) => {
    for (const end = performance.now() + ms; performance.now() < end;);
    return `${process.pid}/${require('node:worker_threads').threadId}`
  },
  size: (buffer) => buffer.byteLength,
  spin: () => { while (true); },
  crash: () => process.kill(process.pid, 'SIGSEGV'),
  // For piscina, which has no such place, it is an ordinary buffer.
  reserved: (bytes) => {
    const { isWorkerThread, job } = require('../lib/index.js')
    return new Uint8Array(isWorkerThread ? job.reserve(bytes) : new ArrayBuffer(bytes))
  },
  filename: __filename
})
