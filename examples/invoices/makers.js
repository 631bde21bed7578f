'use strict'
// The three variants: where invoices are made. Each gives {make(invoice), close()}.
const os = require('node:os')
const path = require('node:path')

const filename = path.join(__dirname, 'invoice.js')
const workers = Number(process.env.WORKERS ?? (os.availableParallelism?.() ?? os.cpus().length))
const runTimeout = Number(process.env.RUN_TIMEOUT ?? 1000) // ms

const makers = {
  'in-process' () {
    return { make: require(filename), close () {} }
  },

  piscina () {
    const { Piscina } = require('piscina')
    const pool = new Piscina({ filename, minThreads: workers, maxThreads: workers })
    // piscina has no limit for the time that a task runs. A signal ends one that hangs; its time includes the time in
    // the queue, so that it must be as long as the longest queue.
    const make = (invoice) => pool.run(invoice, { signal: AbortSignal.timeout(10_000) })
    return { make, close: () => pool.close() }
  },

  ringmaster () {
    const { Pool } = require('ringmaster')
    // One process more is kept ready, to take the place of one that crashed or was killed.
    const pool = new Pool({ filename, minThreads: workers, maxThreads: workers, runTimeout, spares: 1 })
    return { make: (invoice) => pool.run(invoice), close: () => pool.close() }
  }
}

module.exports = { makers }
