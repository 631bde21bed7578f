'use strict'
// The same class over worker_threads, as where there can be no worker processes.
process.env.RINGMASTER_NODE_FALLBACK = 'threads'
const assert = require('node:assert/strict')
const { once } = require('node:events')
const { test } = require('node:test')
const { filename, withPool } = require('./fixtures/support.js')

const warned = once(process, 'warning')
const { Pool, AbortError } = require('..')

test('tasks run in this process, and it is said once', () => withPool({}, async (pool) => {
  assert.equal(await pool.run(null, { name: 'pid' }), process.pid)
  const [warning] = await warned
  assert.equal(warning.name, 'RingmasterWarning')
  assert.match(warning.message, /worker_threads/)
}))

test('values, errors and moved buffers go as they do between processes', () => withPool({}, async (pool) => {
  for (const value of [undefined, 1n, new Map([[1, [2]]]), new Uint16Array([1, 500])]) assert.deepEqual(await pool.run(value), value)
  const error = await pool.run('no', { name: 'fail' }).catch((one) => one)
  assert.ok(error instanceof TypeError)
  assert.equal(error.code, 'E_MINE')
  assert.equal(error.cause.message, 'the cause')
  await assert.rejects(pool.run(new SharedArrayBuffer(8)), { name: 'DataCloneError' })
  const kept = new Uint8Array(100000).fill(1)
  assert.equal(await pool.run(kept, { name: 'sum' }), 100000)
  assert.equal(kept.length, 100000)
  const moved = new ArrayBuffer(100000)
  assert.equal(await pool.run(moved, { name: 'size', transferList: [moved] }), 100000)
  assert.equal(moved.byteLength, 0)
  assert.equal((await pool.run(5000, { name: 'make' })).length, 5000)
}))

test('workerData and messages pass', () => withPool({ workerData: { a: 1 } }, async (pool) => {
  assert.deepEqual(await pool.run(null, { name: 'data' }), { a: 1 })
  const message = once(pool, 'message')
  await pool.run('hello', { name: 'post' })
  assert.deepEqual(await message, ['hello'])
}))

test('a loop is stopped by a signal and at the deadline, and the next task has a new thread', () => withPool({ runTimeout: 200 }, async (pool) => {
  const controller = new AbortController()
  const runs = pool.run(null, { name: 'spin', signal: controller.signal })
  controller.abort()
  await assert.rejects(runs, AbortError)
  await assert.rejects(pool.run(null, { name: 'spin' }), { outcome: 'timed out' })
  assert.equal(await pool.run(1), 1)
}))

test('a thread that ends takes its task along and nobody else\'s', () => withPool({ maxThreads: 2 }, async (pool) => {
  const others = Array.from({ length: 10 }, (_, i) => pool.run({ ms: 5, value: i }, { name: 'later' }))
  await assert.rejects(pool.run(3, { name: 'exit' }), /worker exited with code: 3/)
  await assert.rejects(pool.run(null, { name: 'throwLater' }), /thrown later/)
  assert.deepEqual(await Promise.all(others), Array.from({ length: 10 }, (_, i) => i))
}))

test('a pool that is destroyed rejects what it has', async () => {
  const pool = new Pool({ filename, maxThreads: 1 })
  const failed = assert.rejects(pool.run(null, { name: 'spin' }), /Terminating worker thread/)
  await pool.destroy()
  await failed
})
