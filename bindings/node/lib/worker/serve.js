'use strict'
// The main module of a worker of a pool that a daemon's configuration has:
//   command = ["/usr/bin/node", "/srv/app/node_modules/ringmaster/lib/worker/serve.js", "/srv/app/tasks.js"]
const path = require('node:path')
const programs = require('../programs.js')
const { serve } = require('./process.js')

const [, , filename, ...argv] = process.argv
const missing = programs.whatIsMissing()
if (missing !== null || filename === undefined) {
  console.error(`ringmaster: ${missing ?? 'the command of this pool names no module: serve.js MODULE [ARGUMENT …]'}`)
  process.exit(1)
}
const kRoom = 64 * 1024 // For a result where a task asks for no other.
serve({
  filename: path.resolve(filename),
  name: 'default',
  env: { ...process.env },
  argv,
  pool: path.basename(filename),
  addon: programs.worker,
  resultCapacity: kRoom
})
