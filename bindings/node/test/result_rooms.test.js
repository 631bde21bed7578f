'use strict'
const assert = require('node:assert/strict')
const { test } = require('node:test')
const { ResultRooms } = require('../lib/result_rooms.js')

const one = { filename: '/a.js', name: 'one' }
const other = { filename: '/a.js', name: 'other' }

test('a result that has outgrown its room makes room for the next of its function', () => {
  const rooms = new ResultRooms(1000, 10000)
  assert.equal(rooms.of(one), 1000)
  rooms.came(one, 8000)
  assert.equal(rooms.of({ ...one }), 9000)
  assert.equal(rooms.of(other), 1000)
  rooms.came(one, 3000)
  assert.equal(rooms.of(one), 9000, 'smaller ones change nothing')
})

test('the pool has no room for every size, nor for every function', () => {
  const rooms = new ResultRooms(1000, 10000)
  rooms.came(one, 10001)
  assert.equal(rooms.of(one), 1000)
  rooms.came(one, 2000)
  for (let i = 0; i < 256; ++i) rooms.came({ filename: null, name: String(i) }, 2000)
  assert.equal(rooms.of(one), 1000, 'it is forgotten')
  assert.equal(rooms.of({ filename: null, name: '255' }), 2250)
})
