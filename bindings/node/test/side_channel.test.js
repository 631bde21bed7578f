'use strict'
// What workers tell beside their tasks.
const assert = require('node:assert/strict')
const fs = require('node:fs')
const net = require('node:net')
const path = require('node:path')
const { test } = require('node:test')
const programs = require('../lib/programs.js')
const { busyUntil, withFolder, withPool } = require('./fixtures/support.js')

test('what a task has told comes before its end, also where its worker has ended before anybody listened', () => withFolder(async (folder) => {
  const told = []
  const gone = (file) => {
    try {
      return !fs.existsSync(`/proc/${fs.readFileSync(file, 'latin1')}`)
    } catch {
      return false
    }
  }
  await withPool({ recycle: 1 }, async (pool) => {
    pool.on('message', (message) => told.push(message))
    for (const [name, i] of [['postAndSay', 0], ['postAndSay', 1], ['postAndExit', 2]]) {
      const file = path.join(folder, String(i))
      const task = pool.run({ file, message: i }, { name }).catch((error) => assert.equal(error.outcome, 'crashed'))
      if (i > 0) busyUntil(() => gone(file)) // The first waits for its pool.
      await task
      assert.deepEqual(told, Array.from({ length: i + 1 }, (_, at) => at))
    }
  })
}))

test('a worker does not wait for a program that is too busy to accept what it tells', () => withFolder(async (folder) => {
  const { connect } = require(programs.worker)
  const at = path.join(folder, 'messages')
  const server = net.createServer((socket) => socket.destroy()).listen({ path: at, backlog: 1 })
  const taken = []
  try {
    // This process, which has to accept, has no turn meanwhile.
    let fd
    while ((fd = connect(at)) !== undefined) taken.push(fd)
    assert.ok(taken.length > 0)
    assert.equal(connect(path.join(folder, 'nobody')), undefined)
  } finally {
    for (const one of taken) fs.closeSync(one)
    await new Promise((resolve) => server.close(resolve))
  }
}))
