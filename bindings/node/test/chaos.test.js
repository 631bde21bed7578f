'use strict'
// Each promise settles once, whatever part of the machinery is killed, and the pool goes on.
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { Worker } = require('node:worker_threads')
const { Pool } = require('..')
const support = require('./fixtures/support.js')

const { filename, parentOf } = support
const childrenOf = (pid) => fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ').map(Number)
const nameOf = (pid) => fs.readFileSync(`/proc/${pid}/comm`, 'latin1').trim()

async function settleAll (promises) {
  const outcomes = await Promise.allSettled(promises)
  return { done: outcomes.filter((one) => one.status === 'fulfilled').length, why: outcomes.filter((one) => one.status === 'rejected').map((one) => one.reason) }
}

const withPool = (options, body) => support.withPool({ maxThreads: 2, ...options }, async (pool) => body(pool, parentOf(await support.pidOf(pool))))
const many = (pool, count) => Array.from({ length: count }, (_, i) => pool.run({ ms: 2, value: i }, { name: 'later' }))

test('a worker that is killed from outside takes its own task along', () => withPool({}, async (pool) => {
  for (let i = 0; i < 3; ++i) {
    const tasks = many(pool, 40)
    process.kill(await pool.run(null, { name: 'pid' }), 'SIGKILL')
    const { done, why } = await settleAll(tasks)
    assert.ok(done >= 38, String(why[0]))
    for (const error of why) assert.equal(error.outcome, 'crashed')
  }
  assert.equal(await pool.run(1), 1)
}))

test('a program whose tasks crash again and again is told of each', () => withPool({ spares: 1, maxThreads: 1 }, async (pool) => {
  for (let i = 0; i < 25; ++i) {
    const crashed = assert.rejects(pool.run(null, { name: 'crash' }), { outcome: 'crashed' })
    const next = pool.run(i)
    await crashed
    assert.equal(await next, i)
  }
  assert.equal(pool.completed, 51)
  assert.equal(await pool.run(1), 1)
}))

test('an idempotent task is tried again when its worker dies', () => withPool({ idempotent: true, retries: 3 }, async (pool) => {
  const tasks = many(pool, 40)
  process.kill(await pool.run(null, { name: 'pid' }), 'SIGKILL')
  assert.equal((await settleAll(tasks)).done, 40)
}))

test('an idempotent task is tried again as often as its pool says, and no other', async () => {
  await withPool({ idempotent: true, retries: 1 }, async (pool) => {
    assert.equal(await pool.run(2, { name: 'crashUntil' }), 2)
    await assert.rejects(pool.run(3, { name: 'crashUntil' }), { outcome: 'crashed' })
  })
  await withPool({ retries: 1 }, (pool) => assert.rejects(pool.run(2, { name: 'crashUntil' }), { outcome: 'crashed' }))
})

test('a supervisor that is killed fails nothing', () => withPool({}, async (pool, daemon) => {
  const tasks = many(pool, 100)
  const supervisor = childrenOf(daemon).find((pid) => nameOf(pid).startsWith('ringmaster-supe'))
  process.kill(supervisor, 'SIGKILL')
  const { done, why } = await settleAll(tasks)
  assert.equal(done, 100, String(why[0]))
  assert.equal(await pool.run(1), 1)
}))

test('a daemon that is killed rejects what runs, and the next task has another', () => withPool({}, async (pool, daemon) => {
  const never = pool.run(null, { name: 'never' }).catch((one) => one)
  const tasks = many(pool, 20)
  process.kill(daemon, 'SIGKILL')
  assert.equal((await never).outcome, 'lost')
  const { done, why } = await settleAll(tasks) // Those that were not given away yet wait for the next daemon.
  assert.ok(done >= 18, String(why[0]))
  assert.equal(await pool.run(1), 1)
  assert.notEqual(parentOf(await pool.run(null, { name: 'pid' })), daemon)
}))

test('a pool in a thread goes with that thread', async () => {
  const text = `
    const { parentPort } = require('node:worker_threads')
    const { Pool } = require(${JSON.stringify(path.join(__dirname, '..'))})
    const pool = new Pool({ filename: ${JSON.stringify(filename)}, maxThreads: 1 })
    pool.run(null, { name: 'pid' }).then((pid) => {
      pool.run(null, { name: 'spin' }).catch(() => {})
      parentPort.postMessage(pid)
    })`
  for (const how of ['terminate', 'exit']) {
    const thread = new Worker(how === 'exit' ? `${text}.then(() => process.exit(0))` : text, { eval: true })
    const ended = new Promise((resolve, reject) => thread.on('exit', resolve).on('error', reject))
    const pid = await new Promise((resolve) => thread.once('message', resolve))
    if (how === 'terminate') thread.terminate()
    await ended
    const end = Date.now() + 30000
    while (fs.existsSync(`/proc/${pid}`) && !/^State:\s+[ZX]/m.test(fs.readFileSync(`/proc/${pid}/status`, 'latin1'))) {
      assert.ok(Date.now() < end, 'the worker is gone')
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
})

test('a task that uses a pool itself has one in its worker', () => withPool({}, async (pool) => {
  assert.equal(await pool.run(3, { name: 'nested' }), 3)
}))
