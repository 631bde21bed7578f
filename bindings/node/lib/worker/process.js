'use strict'
// A worker process: its libuv loop claims tasks, one at a time, and this answers them.
const { detach, own } = require('../detach.js')
const { preload } = require('./load_function.js')
const { Answer, oneLine, run, withPacked } = require('./runner.js')
const { Side } = require('./side.js')
const { kLast } = require('../task_flags.js')
const surroundings = require('./surroundings.js')
const path = require('node:path')

// A module of the program's may replace any of these.
const { Buffer, console, process } = globalThis
const exit = process.exit.bind(process)

function textOf (error) {
  try {
    return String(error?.stack ?? error)
  } catch {
    return oneLine(error)
  }
}

/**
 * @param boot {filename, name, workerData, env, argv, resourceLimits, stack, pool: its name in `ps`,
 *     outerFolder: of the pool that is above all; undefined: this one's,
 *     isForOthers: who gives it tasks may not be its user,
 *     side: where what goes beside the tasks is told; undefined: nowhere, and what a task prints is this process's output}
 * @param addon the worker's native part, opened
 * @param {ArrayBuffer} memory what its open() has returned. Called before all else is loaded: the
 *     daemon looks at its new worker meanwhile.
 */
function serve (boot, addon, memory) {
  const scratch = Buffer.from(memory)
  if (boot.side !== undefined) globalThis[Symbol.for('ringmaster.folder')] = boot.outerFolder ?? path.dirname(boot.side)
  if (boot.side !== undefined && boot.stack) addon.tellFaults(path.dirname(boot.side))
  const side = new Side()
  const host = {
    finish: (_, flags, payload, buffers, message) => addon.finish(flags, payload, buffers, message),
    takesText: true,
    detach: (buffer) => detach(buffer, addon.detach),
    told: () => side.count,
    get channel () { return side.channel }
  }

  const tellError = (error, more) => withPacked(error, (packed) => side.tell({ error: packed, ...more }))
  const tellOutside = (error) => boot.side === undefined ? console.error(error) : tellError(error)
  let answer

  function onTask (flags, bytes, payload, buffers) {
    answer = new Answer(host)
    buffers?.forEach(own)
    if (payload === undefined) payload = scratch.subarray(0, bytes)
    else if (typeof payload !== 'string') payload = Buffer.from(payload)
    run(boot, answer, flags, payload, buffers)
  }

  // A task that throws outside of its own turn takes its process along, as it would take its thread along. No other task
  // begins here meanwhile.
  process.on('uncaughtException', (error) => {
    if (process.listenerCount('uncaughtException') > 1) return // The program handles it.
    addon.hold()
    if (answer !== undefined && !answer.given) answer.fail(error, kLast)
    else tellOutside(error)
    side.end(() => exit(1))
  })
  process.on('exit', () => addon.hold())
  process.on('unhandledRejection', (error) => {
    if (process.listenerCount('unhandledRejection') === 1) throw error
  })

  async function start () {
    surroundings.prepare(boot, addon, side)
    side.connect(boot.side, addon)
    await preload(boot.filename, boot.name)
    addon.start(onTask, exit) // The last: what fails after it is no failure to start.
  }
  start().catch((error) => {
    tellError(error, { boot: true })
    side.end(() => addon.failBoot(textOf(error)))
  })
}

module.exports = { serve }
