'use strict'
const { TaskError } = require('./errors.js')

// As the client library numbers them.
const statuses = ['done', 'failed', 'crashed', 'timed out', 'cancelled', 'refused', 'lost']
const kCrashedExit = 9 // a cause
// V8's functions that end a process whose heap is full.
const kHeapIsFull = /\b(OOMErrorHandler|ReportOOMFailure|FatalProcessOutOfMemory)\b/
const kDone = statuses.indexOf('done')
const kLost = statuses.indexOf('lost')
const kCrashedSoFar = 255 // In place of a status: the worker is gone; the outcome follows.
// Causes of a task that no worker was there for: none knew it, none lives.
const kNoWorker = [5, 15]
const kExitDetail = 256 // Beyond it: the exit code with which a task ended its worker last that is not run any more.

/** Of a task whose worker gave an answer that is none. */
const unreadable = (cause) => new TaskError('the worker\'s answer cannot be read', { outcome: 'failed', ...(cause && { cause }) })

/**
 * The error of a task that its worker did not answer. What piscina's threads would say is said alike.
 * @param {{texts: string[], frames: string, task?: {filename: string, name: string}}} outcome `frames`: of its script
 */
function failureOf ({ status, detail, cause, texts: [message, nativeStack] = [], frames = '', task }, options) {
  if (status === kDone) return unreadable()
  const outcome = statuses[status] ?? 'lost'
  const facts = { outcome, ...(outcome === 'crashed' && { detail: detail % kExitDetail }), ...(nativeStack && options.stack && { nativeStack }), ...(task?.filename && { task: `${task.filename}#${task.name}` }) }
  const error = (text, more) => new TaskError(frames ? `${text}\n${frames}` : text, { ...facts, ...more })
  if (cause === kCrashedExit) return error(`worker exited with code: ${detail}`)
  if (outcome === 'crashed' && kHeapIsFull.test(nativeStack)) {
    return error('Worker terminated due to reaching memory limit: JS heap out of memory', { code: 'ERR_WORKER_OUT_OF_MEMORY' })
  }
  return error(message)
}

/** An error with what its pool adds to its text. */
function explained (error, pool) {
  const text = pool?.explain(error.message) ?? error.message
  return text === error.message ? error : new TaskError(text, { ...error })
}

// "1: grow(aka grow) [0x3afbad202e11] [/srv/tasks.js:~5] …": a frame as V8 prints it, where it cannot make an Error.
const kFrame = /^ +\d+: (.*?)(?:\(aka .*?\))? \[0x[0-9a-f]+\] \[(.+?):~?(\d+)\]/gm

/** Frames as an Error shows them, of what a worker has written when it crashed. */
function javascriptFrames (text) {
  if (/^ +at /.test(text)) return text
  const [frames] = text.split('==== Details')
  return [...frames.matchAll(kFrame)].map(([, name, file, line]) => name.startsWith('/*') ? `    at ${file}:${line}` : `    at ${name} (${file}:${line})`).join('\n')
}

module.exports = { explained, failureOf, kCrashedSoFar, kDone, kLost, kNoWorker, javascriptFrames, unreadable }
