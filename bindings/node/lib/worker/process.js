'use strict'
// A worker process: its libuv loop claims tasks, one at a time, and this answers them.
const { preload } = require('./load_function.js')
const { Answer, loadRest, packError, run } = require('./runner.js')
const { Side } = require('./side.js')
const surroundings = require('./surroundings.js')
const path = require('node:path')

const kIdle = 10 // Milliseconds from being ready to loading what the first task may not need.

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
    detach: addon.detach,
    told: () => side.count,
    get channel () { return side.channel }
  }

  const tellOutside = (error) => boot.side === undefined ? console.error(error) : side.tell({ error: packError(error) })
  let answer

  function onTask (flags, bytes, payload, buffers) {
    answer = new Answer(host)
    if (payload === undefined) payload = scratch.subarray(0, bytes)
    else if (typeof payload !== 'string') payload = Buffer.from(payload)
    run(boot, answer, flags, payload, buffers)
  }

  // A task that throws outside of its own turn takes its process along, as it would take its thread along. No other task
  // begins here meanwhile.
  process.on('uncaughtException', (error) => {
    addon.hold()
    if (answer !== undefined && !answer.given) answer.fail(error)
    else tellOutside(error)
    side.end(() => process.exit(1))
  })
  process.on('exit', () => addon.hold())
  process.on('unhandledRejection', (error) => { throw error })

  async function start () {
    surroundings.prepare(boot, addon, side)
    side.connect(boot.side, addon)
    await preload(boot.filename, boot.name)
    addon.start(onTask, (status) => process.exit(status))
    setTimeout(loadRest, kIdle).unref()
  }
  start().catch((error) => {
    side.tell({ error: packError(error), boot: true })
    side.end(() => addon.failBoot(String(error?.stack ?? error)))
  })
}

module.exports = { serve }
