'use strict'
// Tasks that wait are with the workers already; nobody can tell by anything but the time that it takes.
const assert = require('node:assert/strict')
const { test } = require('node:test')
const { ArrayTaskQueue } = require('../lib/task_queue.js')
const { Pool } = require('..')
const { filename } = require('./fixtures/support.js')

const later = (pool, ms, value, more) => pool.run({ ms, value }, { name: 'later', ...more })

for (const [what, options] of [['the pool\'s queue', {}], ['a queue of the program\'s', { taskQueue: new ArrayTaskQueue() }]]) {
  test(`tasks wait as such, end in their order and are counted once: ${what}`, async () => {
    const pool = new Pool({ filename, maxThreads: 1, ...options })
    const order = []
    const tasks = Array.from({ length: 150 }, (_, i) => later(pool, i % 50 ? 0 : 5, i).then((value) => order.push(value)))
    assert.equal(pool.queueSize, 149)
    await tasks[0]
    assert.ok(pool.queueSize > 0)
    await Promise.all(tasks)
    assert.deepEqual(order, order.map((_, i) => i))
    assert.equal(pool.completed, 150)
    assert.equal(pool.queueSize, 0)
    assert.equal(pool.idleThreads, 1)
    await pool.destroy()
  })
}

test('close({ force }) drops what waits and finishes what runs', async () => {
  const pool = new Pool({ filename, maxThreads: 1 })
  await pool.run(1)
  const running = later(pool, 100, 'ran')
  const dropped = Array.from({ length: 10 }, () => assert.rejects(later(pool, 0, 1), { name: 'AbortError' }))
  const closed = pool.close({ force: true })
  await Promise.all(dropped)
  assert.equal(await running, 'ran')
  await closed
  assert.equal(pool.completed, 12)
})

test('what can be aborted has its turn among them, and takes no other along', async () => {
  const pool = new Pool({ filename, maxThreads: 1 })
  const order = []
  const controller = new AbortController()
  const note = (promise, name) => promise.then(() => order.push(name), () => order.push(`no ${name}`))
  const all = [note(later(pool, 20, 0), 'a'), note(later(pool, 0, 0), 'b'), note(later(pool, 0, 0, { signal: new AbortController().signal }), 'c'),
    note(later(pool, 0, 0), 'd'), note(later(pool, 0, 0, { signal: controller.signal }), 'e'), note(later(pool, 0, 0), 'f')]
  controller.abort()
  await Promise.all(all)
  assert.deepEqual(order, ['no e', 'a', 'b', 'c', 'd', 'f'])
  await pool.destroy()
})

test('a worker that dies takes one task along, however many wait behind it', async () => {
  const pool = new Pool({ filename, maxThreads: 1, spares: 1 })
  const before = later(pool, 0, 'before')
  const crashed = assert.rejects(pool.run(null, { name: 'crash' }), { outcome: 'crashed' })
  const after = Array.from({ length: 20 }, (_, i) => pool.run(i))
  assert.equal(await before, 'before')
  assert.deepEqual(await Promise.all(after), after.map((_, i) => i))
  await crashed
  assert.equal(pool.completed, 22)
  await pool.destroy()
})

// Each session looks before the loop sleeps; a task of one may be submitted in another's look, after its own.
for (const names of ['AB', 'BA']) {
  test(`two pools that are used in turn wake the program: made as ${names}`, async () => {
    const pools = {}
    for (const name of names) pools[name] = new Pool({ filename, minThreads: 1, maxThreads: 1 })
    for (let i = 0; i < 500; ++i) {
      await later(pools.A, 0, i)
      await later(pools.B, 0, i)
    }
    await Promise.all(Object.values(pools).map((pool) => pool.destroy()))
  })
}
