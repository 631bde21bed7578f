'use strict'
// What runs a pool's tasks: supervised processes, or threads of this process where there can be none.
const programs = require('./programs.js')

let told = false
function tellOnce (why) {
  if (told) return
  told = true
  process.emitWarning(`${why}: tasks run in worker_threads of this process. They are not isolated: a crash of native code ends the program.`, 'RingmasterWarning')
}

// null: the addon can be loaded.
function whyNotLoaded () {
  try {
    require(programs.client)
    return null
  } catch (error) {
    if (error.code !== 'ERR_DLOPEN_DISABLED') throw error
    return 'this process may not load addons'
  }
}

/**
 * A backend has start-up behind it when it is made; it takes tasks at once.
 *   submit(task): true: `ended(task, failed, value, ms that it ran, whether its
 *     worker ends with it)` will be called for it, once; false: no room now, `hasRoom` will be called. Throws what
 *     cannot be cloned.
 *   cancel(task): its outcome is of no interest any more.
 *   mostAhead: how many tasks it may be given that have no seat yet; undefined: none.
 *   allocate(bytes): an ArrayBuffer that need not be copied, or undefined.
 *   end(): a promise; every task has ended then.
 * `events.workerEnded` may be told of a task before its end: others may have its place. `events.failed` is told of what a
 * worker throws outside of every task, and ends of.
 */
function chooseBackend (options, events) {
  const missing = process.env.RINGMASTER_NODE_FALLBACK === 'threads' ? 'RINGMASTER_NODE_FALLBACK=threads' : programs.whatIsMissing() ?? whyNotLoaded()
  if (missing === null) {
    const { ProcessBackend } = require('./process_backend.js')
    return new ProcessBackend(options, events)
  }
  if (options.pool !== undefined) throw new Error(`${missing}: the daemon's pool "${options.pool}" cannot be used`)
  tellOnce(missing)
  const { ThreadBackend } = require('./thread_backend.js')
  return new ThreadBackend(options, events)
}

module.exports = { chooseBackend }
