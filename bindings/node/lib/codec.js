'use strict'
// A task or a result as bytes: V8's structured clone format, with large buffers beside it (bindings/format/task_format.h
// says how the parts are laid out). What a transfer list names, or a view of at least kInline bytes, goes beside.
const v8 = require('node:v8')
const { types } = require('node:util')
const context = require('./context.js')
const { checkTransfer } = require('./detach.js')
const { cloneError } = require('./errors.js')
const { kDescription, openShared } = require('./shared_data.js')

// A module of a worker's program may replace any of these.
const { ArrayBuffer, Buffer, Uint8Array, process } = globalThis

const kInline = 1024
const kTooMuch = 2 ** 32 // Bytes of one buffer: what follows counts in 32 bits, and some versions of Node.js have no larger ones.
const views = [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array,
  Float64Array, BigInt64Array, BigUint64Array, DataView, Buffer, globalThis.Float16Array].filter(Boolean)
const numberOf = new Map(views.map((view, number) => [view, number]))
// Of another context's views too, by what they call themselves.
function typeOf (view) {
  const own = views.findIndex((one) => view instanceof one)
  return own >= 0 ? own : views.findIndex(({ name }) => name === view[Symbol.toStringTag])
}
// What follows a view's type and size.
const kHere = 0 // its bytes
const kWhole = 1 // the number of a buffer that holds nothing else
const kWithin = 2 // the number of a buffer, and the view's place in it
// Instead of a view's type, the same in all versions of Node.js:
const kShared = 255 // a description follows
const kEnvironment = 254 // process.env's entries follow

function checkSize ({ byteLength }) {
  if (byteLength >= kTooMuch) throw cloneError(`${byteLength} bytes in one piece cannot be given to another process: it must be less than 4 GiB; give them in parts.`)
}

class Encoder extends v8.Serializer {
  /** @param {number} inline views below so many bytes lie in the payload */
  constructor (moved, inline = kInline) {
    super()
    this.inline = inline
    this.buffers = []
    this.moved = moved
    this._setTreatArrayBufferViewsAsHostObjects(true)
  }

  beside (bytes) {
    checkSize(bytes)
    return this.buffers.push(bytes) - 1
  }

  _getSharedArrayBufferId () {
    throw cloneError('A SharedArrayBuffer cannot be shared with another process; pool.share() shares data that is only read.')
  }

  _writeHostObject (view) {
    if (view === process.env) return this.#writeEnvironment()
    const description = view[kDescription]
    if (description !== undefined) return this.#writeShared(description)
    const type = numberOf.get(view.constructor) ?? typeOf(view)
    if (type < 0 || !ArrayBuffer.isView(view)) throw cloneError(`${view?.constructor?.name ?? typeof view} object could not be cloned.`)
    if (types.isSharedArrayBuffer(view.buffer)) this._getSharedArrayBufferId()
    this.writeUint32(type)
    this.writeUint32(view.byteLength)
    const moved = this.moved?.get(view.buffer)
    if (moved !== undefined) {
      this.writeUint32(kWithin)
      this.writeUint32(moved)
      this.writeUint64(0, view.byteOffset)
    } else if (view.byteLength < this.inline) {
      this.writeUint32(kHere)
      this.writeRawBytes(new Uint8Array(view.buffer, view.byteOffset, view.byteLength))
    } else {
      this.writeUint32(kWhole)
      this.writeUint32(this.beside(new Uint8Array(view.buffer, view.byteOffset, view.byteLength)))
    }
  }

  // What postMessage() makes of it: a plain object.
  #writeEnvironment () {
    this.writeUint32(kEnvironment)
    this.writeUint32(0)
    this.writeValue({ ...process.env })
  }

  #writeShared (description) {
    this.writeUint32(kShared)
    this.writeUint32(Buffer.byteLength(description))
    this.writeRawBytes(Buffer.from(description))
  }
}
Encoder.prototype._getDataCloneError = cloneError

class Decoder extends v8.Deserializer {
  constructor (payload, buffers) {
    super(payload)
    this.buffers = buffers
  }

  _readHostObject () {
    const type = this.readUint32()
    const bytes = this.readUint32()
    if (type === kShared) return openShared(this.readRawBytes(bytes).toString(), context.mapShared)
    if (type === kEnvironment) return this.readValue()
    const View = views[type]
    const how = this.readUint32()
    let buffer
    let offset = 0
    if (how === kHere) {
      // A buffer of its own: the payload is used again for the next task.
      buffer = new ArrayBuffer(bytes)
      const at = this._readRawBytes(bytes)
      new Uint8Array(buffer).set(new Uint8Array(this.buffer.buffer, this.buffer.byteOffset + at, bytes))
    } else {
      buffer = this.buffers[this.readUint32()]
      if (how === kWithin) offset = this.readUint64()[1]
    }
    if (View === Buffer) return Buffer.from(buffer, offset, bytes)
    return new View(buffer, offset, bytes / (View.BYTES_PER_ELEMENT ?? 1))
  }
}

// An ArrayBuffer that is cloned as a whole would lie in the payload, copied twice more: those that can be seen at a
// glance are written beside it, as moved ones are.
function plainBuffers (value) {
  const large = (one) => types.isArrayBuffer(one) && one.byteLength >= kInline
  if (large(value)) return [value]
  if (value === null || typeof value !== 'object' || ArrayBuffer.isView(value)) return []
  const proto = Object.getPrototypeOf(value)
  if (proto !== Object.prototype && proto !== Array.prototype && proto !== null) return []
  const found = []
  const keys = Object.keys(value)
  for (let i = 0; i < keys.length && i < 16; ++i) {
    const property = Object.getOwnPropertyDescriptor(value, keys[i])
    if (large(property.value) && !found.includes(property.value)) found.push(property.value)
  }
  return found
}

/**
 * @param value what structured clone takes
 * @param {ArrayBuffer[]} [transfer] buffers that the value refers to and that are to be moved. Nothing is detached here.
 * @returns {{payload: Buffer, buffers: (ArrayBuffer | Uint8Array)[] | undefined}}
 */
function encode (value, transfer) {
  const plain = plainBuffers(value)
  const moved = transfer?.length || plain.length ? new Map() : undefined
  const encoder = new Encoder(moved)
  for (const one of transfer ?? []) {
    if (!types.isArrayBuffer(one)) throw cloneError(`${one?.constructor?.name ?? typeof one} could not be transferred: only an ArrayBuffer can be moved to another process.`)
    if (moved.has(one)) throw cloneError('Transfer list contains duplicate ArrayBuffer')
    if (one.byteLength === 0 && isDetached(one)) throw cloneError('An ArrayBuffer is detached and could not be cloned.')
    checkTransfer(one)
    moved.set(one, encoder.beside(one))
  }
  for (const one of plain) if (!moved.has(one)) moved.set(one, encoder.beside(one))
  if (moved !== undefined) for (const [one, number] of moved) encoder.transferArrayBuffer(number, one)
  encoder.writeHeader()
  encoder.writeValue(value)
  const { buffers } = encoder
  const payload = encoder.releaseBuffer()
  checkSize(payload)
  return { payload, buffers: buffers.length === 0 ? undefined : buffers }
}

/** A value with all its buffers, as one Buffer for decode(). */
function encodeWhole (value) {
  const encoder = new Encoder(undefined, Infinity)
  encoder.writeHeader()
  encoder.writeValue(value)
  return encoder.releaseBuffer()
}

function isDetached (buffer) {
  if (buffer.detached !== undefined) return buffer.detached
  try {
    return new Uint8Array(buffer) === null
  } catch {
    return true
  }
}

/**
 * @param {Uint8Array} payload
 * @param {ArrayBuffer[]} [buffers]
 */
function decode (payload, buffers) {
  const decoder = new Decoder(payload, buffers)
  if (buffers !== undefined) for (let at = 0; at < buffers.length; ++at) decoder.transferArrayBuffer(at, buffers[at])
  decoder.readHeader()
  return decoder.readValue()
}

/** What encode() gives as `buffers`, as ArrayBuffers that may be given away: those that are not moved are copied. */
function partsOf (buffers, moved) {
  return buffers?.map((one) => ArrayBuffer.isView(one) ? one.slice().buffer : moved.includes(one) ? one : one.slice(0))
}

module.exports = { encode, encodeWhole, partsOf, decode, ...require('./task_flags.js') }
