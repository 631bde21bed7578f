'use strict'
// How a buffer whose bytes have been given away is detached. Not one that is marked as untransferable: all small Buffers lie
// in one that Node.js marks, and goes on using.
const { isMarkedAsUntransferable } = require('node:worker_threads')
const { cloneError } = require('./errors.js')

const { structuredClone } = globalThis // A module of a worker's program may replace it.
const telling = isMarkedAsUntransferable !== undefined // Node.js 21 and later
const owned = new WeakSet()

/** Notes a buffer over memory of this package's: Node.js marks all those of addons. */
function own (buffer) {
  if (buffer !== undefined) owned.add(buffer)
  return buffer
}

/** Throws, as structured clone does, where a transfer list may not name it. Older versions of Node.js copy it instead. */
function checkTransfer (buffer) {
  if (telling && !owned.has(buffer) && isMarkedAsUntransferable(buffer)) {
    throw cloneError('An ArrayBuffer that is marked as untransferable, as that of small Buffers is, cannot be in a transferList.')
  }
}

/** @param {(buffer: ArrayBuffer) => void} detachNow the addon's */
function detach (buffer, detachNow) {
  if (telling || owned.has(buffer)) detachNow(buffer)
  else detachNow(structuredClone(buffer, { transfer: [buffer] })) // Only a transfer shows whether it may be one.
}

module.exports = { checkTransfer, detach, own }
