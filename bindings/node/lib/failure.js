'use strict'
const { TaskError } = require('./errors.js')

// As the client library numbers them.
const statuses = ['done', 'failed', 'crashed', 'timed out', 'cancelled', 'refused', 'lost']
const kCrashedExit = 9 // a cause
const kSigabrt = 6

/**
 * The error of a task that its worker did not answer. What piscina's threads would say is said alike.
 */
function failureOf ({ status, detail, cause, texts: [message, nativeStack] }, options) {
  const outcome = statuses[status] ?? 'lost'
  const facts = { outcome, detail, ...(nativeStack && { nativeStack }) }
  if (cause === kCrashedExit) return new TaskError(`worker exited with code: ${detail}`, facts)
  if (outcome === 'crashed' && detail === kSigabrt && options.resourceLimits !== undefined) {
    return new TaskError('Worker terminated due to reaching memory limit: JS heap out of memory', { ...facts, code: 'ERR_WORKER_OUT_OF_MEMORY' })
  }
  return new TaskError(message, facts)
}

module.exports = { failureOf }
