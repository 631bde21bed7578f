'use strict'

/** Calls what the program has given, in the middle of something that goes on whatever it does: what it throws is an
 * uncaught exception of its own. */
function aside (call, ...values) {
  try {
    return call(...values)
  } catch (error) {
    queueMicrotask(() => { throw error })
  }
}

module.exports = { aside }
