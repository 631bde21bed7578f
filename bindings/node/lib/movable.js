'use strict'
// What piscina calls transferable and movable: an object that says which buffers go with it, and which value stands for
// it. The symbols are piscina's own, so that objects made for either work with both.
const { types } = require('node:util')

const kTransferable = Symbol.for('Piscina.transferable')
const kValue = Symbol.for('Piscina.valueOf')
const kQueueOptions = Symbol.for('Piscina.queueOptions')
const kMovable = Symbol.for('ringmaster.movable')

const isObject = (value) => value !== null && typeof value === 'object'
const isTransferable = (value) => isObject(value) && kTransferable in value && kValue in value
const isMovable = (value) => isTransferable(value) && value[kMovable] === true

/** The ArrayBuffers that a transferable names: one, a view of one, or a list. */
const buffersOf = (named) => [named].flat().map((one) => ArrayBuffer.isView(one) ? one.buffer : one)

class Moved {
  #value
  constructor (value) { this.#value = value }
  get [kTransferable] () { return types.isArrayBufferView(this.#value) ? this.#value.buffer : this.#value }
  get [kValue] () { return this.#value }
}

/** Marks a value that a task returns as one whose buffer is moved and not copied. What is no object is returned as is. */
function move (value) {
  if (!isObject(value)) return value
  const moved = isTransferable(value) ? value : new Moved(value)
  markMovable(moved)
  return moved
}

function markMovable (value) { value[kMovable] = true }

module.exports = { buffersOf, isMovable, isTransferable, markMovable, kQueueOptions, kTransferable, kValue, move }
