'use strict'
// Small plain values as JSON's text, which takes a fraction of the time that structured clone takes: numbers, strings,
// and objects and arrays of such. Whatever structured clone would keep and JSON would not is left to structured clone.
const { types } = require('node:util')

const kChars = 1024 // Of the whole text: 3 KiB as UTF-8, for which the addons have room.
const kObjects = 8
const kProperties = 64
const kUndefined = '-'

const { getOwnPropertyDescriptor, getPrototypeOf, prototype: ofObjects } = Object
const { toString: tagOf } = ofObjects
const { prototype: ofArrays } = Array
const { parse, stringify } = JSON // A module of a worker's program may replace them.
const kNone = Symbol('no plain value')

const isPlain = (value) => getPrototypeOf(value) === ofObjects && tagOf.call(value) === '[object Object]' && !ArrayBuffer.isView(value)

// What JSON writes and reads as it is; kNone: anything else. Nothing of the program's is called.
function plainCopy (value, seen) {
  if (typeof value === 'string') return value.length <= kChars ? value : kNone
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0) ? value : kNone
  if (typeof value === 'boolean' || value === null) return value
  if (typeof value !== 'object' || types.isProxy(value)) return kNone
  const isArray = Array.isArray(value)
  if (isArray ? getPrototypeOf(value) !== ofArrays : !isPlain(value)) return kNone
  // The same object twice is one object for structured clone, and so is one that contains itself.
  if (seen.length >= kObjects || seen.includes(value)) return kNone
  seen.push(value)
  const keys = Object.keys(value)
  // An object of Node.js's own may look like a plain one, but has no properties to be seen.
  if (keys.length > kProperties || (isArray ? keys.length !== value.length : keys.length === 0)) return kNone
  const copy = isArray ? [] : { __proto__: null }
  for (let at = 0; at < keys.length; ++at) {
    const key = keys[at]
    if (isArray ? key !== String(at) : key === '__proto__') return kNone
    const { get, set, value: own } = getOwnPropertyDescriptor(value, key)
    if (get !== undefined || set !== undefined) return kNone
    const property = plainCopy(own, seen)
    if (property === kNone) return kNone
    copy[key] = property
  }
  return copy
}

/** The text of a value, or undefined: structured clone is to write it. */
function toText (value) {
  if (value === undefined) return kUndefined
  const copy = plainCopy(value, [])
  if (copy === kNone || ofObjects.toJSON !== undefined || ofArrays.toJSON !== undefined) return undefined
  const text = stringify(copy)
  return text.length <= kChars ? text : undefined
}

const fromText = (text) => text === kUndefined ? undefined : parse(text)

module.exports = { fromText, toText }
