'use strict'
// Errors across processes: class, message, stack, cause and own fields are kept, as far as they can be cloned.
const v8 = require('node:v8')

const { DOMException, Error } = globalThis // A module of a worker's program may replace them.
const kinds = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError, AggregateError }
const kMark = '__ringmaster_error__'
const kDom = 'DOMException' // Its name gives its code.
const kDepth = 8

class AbortError extends Error {
  constructor (reason) {
    super('The task has been aborted', { cause: reason })
  }

  get name () { return 'AbortError' }
}

/** A task whose worker did not answer it: crashed, timed out, cancelled, lost. `outcome` says which. */
class TaskError extends Error {
  constructor (message, facts) {
    super(message)
    Object.assign(this, facts)
  }

  get name () { return 'TaskError' }
}

/** Of tasks that are not taken: there is no pool for them, or none that has room. */
const refused = (text) => new TaskError(text, { outcome: 'refused' })

/** What `act` returns; an error of the addon's is such a refusal.
 * @param {(text: string) => string} explain what the library says, to whom it is told here */
function orRefused (act, explain = (text) => text) {
  try {
    return act()
  } catch (error) {
    throw refused(explain(error.message))
  }
}

const cloneError = (text) => new DOMException(text, 'DataCloneError')

const canClone = (value) => {
  try {
    v8.serialize(value)
    return true
  } catch {
    return false
  }
}

function kindOf (error) {
  for (let proto = error; proto !== null; proto = Object.getPrototypeOf(proto)) {
    const name = proto.constructor?.name
    if (Object.hasOwn(kinds, name) && proto === kinds[name].prototype) return name
  }
  return 'Error'
}

/** An error as plain data; whatever is no error is returned as is. */
function packError (error, depth = 0) {
  if (!(error instanceof Error) || depth > kDepth) return error
  const { name, message, stack } = error
  const packed = { [kMark]: error instanceof DOMException ? kDom : kindOf(error), name: String(name), class: error.constructor?.name, message: String(message), stack: String(stack), own: {} }
  for (const key of Object.keys(error)) {
    const value = packError(error[key], depth + 1)
    if (key !== 'name' && canClone(value)) packed.own[key] = value
  }
  if ('cause' in error) {
    const cause = packError(error.cause, depth + 1)
    if (canClone(cause)) packed.cause = cause
  }
  if (error instanceof AggregateError) packed.errors = error.errors.map((one) => packError(one, depth + 1)).filter(canClone)
  return packed
}

// Classes of the worker's that this process does not have: one of that name each, so that an error shows as it did there.
const classes = new Map()
function classNamed (name, kind) {
  const Base = kinds[kind]
  if (name === undefined || name === kind || !/^[A-Za-z_$][\w$]{0,80}$/.test(name)) return Base
  const key = `${kind}/${name}`
  if (!classes.has(key)) {
    if (classes.size > 200) return Base
    classes.set(key, { [name]: class extends Base {} }[name])
  }
  return classes.get(key)
}

/** The error that was packed; what was none is returned as is. */
function unpackError (packed) {
  if (packed === null || typeof packed !== 'object' || !Object.hasOwn(packed, kMark)) return packed
  if (packed[kMark] === kDom) return asWas(new DOMException(packed.message, packed.name), packed)
  const kind = Object.hasOwn(kinds, packed[kMark]) ? packed[kMark] : 'Error'
  const Class = classNamed(packed.class, kind)
  const error = kind === 'AggregateError' ? new Class((packed.errors ?? []).map(unpackError), packed.message) : new Class(packed.message)
  return asWas(error, packed)
}

// With what the one that was packed had beside its class and message.
function asWas (error, packed) {
  const define = (key, value, enumerable) => Object.defineProperty(error, key, { value, enumerable, writable: true, configurable: true })
  define('stack', packed.stack, false)
  if (error.name !== packed.name) define('name', packed.name, false)
  if ('cause' in packed) define('cause', unpackError(packed.cause), false)
  for (const [key, value] of Object.entries(packed.own)) define(key, unpackError(value), true)
  return error
}

module.exports = { AbortError, TaskError, cloneError, orRefused, packError, refused, unpackError }
