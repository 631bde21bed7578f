'use strict'
// The main module of a worker of a pool that a daemon's configuration has:
//   command = ["/usr/bin/node", "/srv/app/node_modules/ringmaster/lib/worker/serve.js", "/srv/app/tasks.js"]
// Whoever may use the pool runs the functions that this module exports, as the pool's user. With --any-module before it a
// task may name another file: only where all who reach the daemon's socket may run any code as that user.
const path = require('node:path')
const programs = require('../programs.js')
const { serve } = require('./process.js')

const isForOthers = process.argv[2] !== '--any-module'
const [filename, ...argv] = process.argv.slice(isForOthers ? 2 : 3)
const missing = programs.whatIsMissing()
if (missing !== null || filename === undefined) {
  console.error(`ringmaster: ${missing ?? 'the command of this pool names no module: serve.js [--any-module] MODULE [ARGUMENT …]'}`)
  process.exit(1)
}
const kRoom = 64 * 1024 // For a result where a task asks for no other.
const addon = require(programs.worker)
const memory = addon.open(kRoom)
serve({
  filename: path.resolve(filename),
  name: 'default',
  isForOthers,
  env: { ...process.env },
  argv,
  pool: path.basename(filename)
}, addon, memory)
