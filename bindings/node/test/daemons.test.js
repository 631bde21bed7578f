'use strict'
// Which daemon a pool's processes come from, and how many of them there are.
const assert = require('node:assert/strict')
const fs = require('node:fs')
const net = require('node:net')
const os = require('node:os')
const path = require('node:path')
const { spawn } = require('node:child_process')
const { once } = require('node:events')
const { test } = require('node:test')
const { Pool } = require('..')
const programs = require('../lib/programs.js')
const { filename, isGone, parentOf, pidOf, until, withFolder, withPool } = require('./fixtures/support.js')

test('all pools of a process have one daemon, which ends with the last', async () => {
  const first = new Pool({ filename, maxThreads: 1 })
  const second = new Pool({ filename, maxThreads: 2 })
  const [one, other] = await Promise.all([pidOf(first), pidOf(second)])
  const daemon = parentOf(one)
  assert.equal(parentOf(other), daemon)
  await first.destroy()
  assert.ok(isGone(one))
  assert.equal(parentOf(await pidOf(second)), daemon)
  assert.equal(await withPool({}, async (pool) => parentOf(await pidOf(pool))), daemon)
  await second.destroy()
  assert.ok(isGone(other))
  assert.ok(isGone(daemon))
})

test('status and log know a task by its file and its function', () => withPool({}, async (pool) => {
  const native = require(programs.client)
  const { submit } = native
  const labels = []
  native.submit = (...given) => {
    labels.push(given[9])
    return submit(...given)
  }
  try {
    await pool.run(null, { name: 'pid' })
    await pool.run(null)
    await pool.run(2, { filename: path.join(__dirname, 'fixtures/named.js'), name: 'twice' })
  } finally {
    native.submit = submit
  }
  assert.deepEqual(labels, ['tasks.js#pid', 'tasks.js#default', 'named.js#twice'])
}))

test('a pool that is ended while it starts leaves the others alone', () => withPool({}, async (pool) => {
  const pid = await pidOf(pool)
  await Promise.all(Array.from({ length: 3 }, () => new Pool({ filename, maxThreads: 1 }).destroy()))
  assert.equal(await pidOf(pool), pid)
}))

// Calls `reached` when the daemon is asked for `stage`; returns what has been asked and is not answered yet.
function watchQuestions (stage, reached) {
  const native = require(programs.client)
  const { createPool, open } = native
  const asked = new Set()
  for (const [name, real] of Object.entries({ createPool, open })) {
    native[name] = (...given) => {
      const done = given.pop()
      asked.add(name)
      real(...given, (...answer) => asked.delete(name) && done(...answer))
      if (name === stage) reached()
    }
  }
  return { asked, restore: () => Object.assign(native, { createPool, open }) }
}

for (const stage of ['createPool', 'open', 'nothing']) {
  test(`a pool that is ended before ${stage} was answered leaves no question open, which would keep the process`, async () => {
    let watch
    const reached = new Promise((resolve) => {
      watch = watchQuestions(stage, resolve)
      if (stage === 'nothing') resolve()
    })
    try {
      const pool = new Pool({ filename, maxThreads: 1 })
      await reached
      await pool.destroy()
      assert.deepEqual([...watch.asked], [])
    } finally {
      watch.restore()
    }
  })
}

test('when the daemon is killed, all its pools have the same new one', () => withPool({}, (one) => withPool({}, async (other) => {
  const daemon = parentOf(await pidOf(one))
  await pidOf(other)
  process.kill(daemon, 'SIGKILL')
  await until(() => isGone(daemon), 'the daemon is gone')
  // A pool learns of it with a task, which may be lost over it.
  const [first, second] = await Promise.all([one, other].map(async (pool) => {
    let pid
    await until(async () => (pid = await pidOf(pool).catch((error) => assert.equal(error.outcome, 'lost'))) !== undefined, 'a task is done')
    return pid
  }))
  assert.notEqual(parentOf(first), daemon)
  assert.equal(parentOf(first), parentOf(second))
})))

test('there are minThreads processes until tasks wait, and no more than that after they have been idle', () => withFolder((folder) => withPool({ minThreads: 1, maxThreads: 3 }, async (pool) => {
  const pids = new Set()
  for (let i = 0; i < 20; ++i) pids.add(await pidOf(pool))
  assert.equal(pids.size, 1)
  const all = await Promise.all([0, 1, 2].map(() => pool.run({ folder, count: 3 }, { name: 'meet' })))
  assert.equal(new Set(all).size, 3)
  await until(() => all.filter((pid) => !isGone(pid)).length === 1, 'two have ended')
  assert.equal(typeof await pidOf(pool), 'number')
})))

const kSettings = `[daemon]
cgroup = "off"
log_level = "warning"
shutdown_timeout = "100ms"
`
// A daemon that was not started by the pool; `stop` ends it. `log`: a descriptor that gets all of its log.
async function startDaemon (folder, settings, log = 'inherit') {
  const socket = path.join(folder, 'daemon.sock')
  const config = path.join(folder, 'ringmaster.toml')
  fs.writeFileSync(config, (log === 'inherit' ? kSettings : kSettings.replace('warning', 'info')) + settings)
  const daemon = spawn(programs.daemon, ['--config', config, '--socket', socket], { stdio: ['ignore', 'inherit', log], env: { ...process.env, RINGMASTER_SOCKET: '' } })
  const ended = once(daemon, 'exit')
  await until(() => new Promise((resolve) => {
    const connection = net.connect(socket).once('error', () => resolve(false)).once('connect', () => resolve(true) || connection.destroy())
  }), 'the daemon listens')
  return { socket, pid: daemon.pid, stop: () => daemon.kill() && ended }
}
const withDaemon = (settings, body) => withFolder(async (folder) => {
  const daemon = await startDaemon(folder, settings)
  try {
    await body(daemon, folder)
  } finally {
    await daemon.stop()
  }
})

const commandOf = (...module) => ['/usr/bin/env', `RINGMASTER_PREFIX=${process.env.RINGMASTER_PREFIX}`, process.execPath, path.join(__dirname, '../lib/worker/serve.js'), ...module]
const configured = `[pool.js]\ncommand = ${JSON.stringify(commandOf(filename))}\nworkers = 1\n`
const open = configured + `[pool.any]\ncommand = ${JSON.stringify(commandOf('--any-module', filename))}\nworkers = 1\n`
const named = { filename: path.join(__dirname, 'fixtures/named.js'), name: 'twice' }

test('a pool of a daemon\'s configuration runs what its own module exports, and another only where it says so', () => withDaemon(open, async ({ socket, pid }) => {
  await withPool({ socket, pool: 'js', filename: null }, async (pool) => {
    assert.deepEqual(await pool.run({ a: [1] }), { a: [1] })
    assert.equal(parentOf(await pidOf(pool)), pid)
    await assert.rejects(pool.run(4, named), /runs functions of .*tasks\.js only/)
    assert.equal(await pool.run({ a: 1, b: 2 }, { filename, name: 'add' }), 3)
    for (const name of ['call', 'constructor', 'toString', '__proto__']) await assert.rejects(pool.run(1, { name }), /No handler function/)
    await assert.rejects(pool.run('mine', { name: 'fail' }), { code: 'E_MINE', message: 'mine' })
    for (const bytes of [1000, 100000]) assert.equal((await pool.run(bytes, { name: 'make' })).length, bytes)
  })
  await withPool({ socket, pool: 'any', filename: null }, async (pool) => {
    assert.equal(await pool.run(4, named), 8)
    assert.equal(await pool.run(5), 5)
  })
  await withPool({ socket, pool: 'none' }, (pool) => assert.rejects(pool.run(1), /none/))
}))

const small = '[pool.js.session]\nrequest_ring = "1MiB"\nresult_ring = "1MiB"\n[limits]\nbytes_per_uid = "32MiB"\n'

test('a result for which there is no memory is refused, and says why', () => withDaemon(configured + small, ({ socket }) =>
  withPool({ socket, pool: 'js', filename: null, requestBytes: 1 << 20, resultBytes: 1 << 20, idempotent: true }, async (pool) => {
    await assert.rejects(pool.run(64 << 20, { name: 'make' }), { outcome: 'refused', message: /bytes_per_uid/ })
    assert.equal((await pool.run(16 << 20, { name: 'make' })).length, 16 << 20)
  })))

test('a worker in which a task was stopped leaves for a reason that the daemon knows', () => withFolder(async (folder) => {
  const log = fs.openSync(path.join(folder, 'log'), 'w')
  const daemon = await startDaemon(folder, configured, log)
  fs.closeSync(log)
  try {
    await withPool({ socket: daemon.socket, pool: 'js', filename: null }, async (pool) => {
      for (let i = 0; i < 3; ++i) {
        const controller = new AbortController()
        const before = await pidOf(pool)
        const task = pool.run(null, { name: 'spin', signal: controller.signal })
        setTimeout(() => controller.abort(), 20)
        await assert.rejects(task, { name: 'AbortError' })
        assert.notEqual(await pidOf(pool), before)
      }
    })
  } finally {
    await daemon.stop()
  }
  const said = fs.readFileSync(path.join(folder, 'log'), 'utf8')
  assert.match(said, /cause=recycled/)
  assert.doesNotMatch(said, /nobody asked it to/)
}))

test('a pool is created in another daemon where that allows it', () => withDaemon('[limits]\npools_per_uid = 1\n[pool]\n', async ({ socket, pid }) => {
  const worker = await withPool({ socket }, async (pool) => {
    const own = await pidOf(pool)
    assert.equal(parentOf(own), pid)
    await withPool({ socket }, (another) => assert.rejects(another.run(1), { name: 'TaskError', outcome: 'refused', message: /pools_per_uid[^]*socket: null/ }))
    return own
  })
  assert.ok(isGone(worker))
  process.env.RINGMASTER_SOCKET = socket
  process.env.NODE_AUTH_TOKEN = 'not the daemon\'s'
  const native = require(programs.client)
  const { createPool } = native
  const told = []
  native.createPool = (wish, done) => {
    told.push(wish.config)
    createPool(wish, done)
  }
  try {
    await withPool({}, async (pool) => assert.equal(await pool.run('NODE_AUTH_TOKEN', { name: 'environment' }), process.env.NODE_AUTH_TOKEN))
    assert.equal(told.length, 1)
    assert.doesNotMatch(told[0], /NODE_AUTH_TOKEN|not the daemon/)
    await withPool({}, async (pool) => assert.equal(parentOf(await pidOf(pool)), pid))
    await withPool({ socket: null }, async (pool) => assert.notEqual(parentOf(await pidOf(pool)), pid))
  } finally {
    delete process.env.RINGMASTER_SOCKET
    delete process.env.NODE_AUTH_TOKEN
    native.createPool = createPool
  }
}))

test('a daemon that lets nobody create pools is told of with what to do', () => withDaemon(`[limits]\npools_per_uid = 0\n${configured}`, ({ socket }) =>
  withPool({ socket }, (pool) => assert.rejects(pool.run(1), /pools_per_uid[^]*new Pool\(\{ pool: 'name' \}\)[^]*socket: null/))))

test('a pool goes on when its daemon is there again', () => withFolder(async (folder) => {
  const settings = '[limits]\npools_per_uid = 2\n[pool]\n'
  const before = await startDaemon(folder, settings)
  await withPool({ socket: before.socket }, async (pool) => {
    await pidOf(pool)
    await before.stop()
    await assert.rejects(pool.run(1))
    const after = await startDaemon(folder, settings)
    try {
      let pid
      await until(async () => (pid = await pidOf(pool).catch(() => undefined)) !== undefined, 'a task is done')
      assert.equal(parentOf(pid), after.pid)
      await pool.destroy()
    } finally {
      await after.stop()
    }
  })
}))

test('where no daemon answers it is told in words for the program\'s author', async () => {
  const check = (options, message) => withPool(options, (pool) => assert.rejects(pool.run(1), (error) => {
    assert.equal(error.name, 'TaskError')
    assert.equal(error.outcome, 'refused')
    assert.match(error.message, message)
    assert.doesNotMatch(error.message, /--socket PATH/)
    return true
  }))
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rm-none-'))
  const socket = path.join(folder, 'socket')
  const before = process.env.RINGMASTER_SOCKET
  try {
    await check({ socket }, /no daemon answers on .*: No such file[^]*new Pool\(\{ socket: null \}\)$/)
    await check({ socket, pool: 'js' }, /no daemon answers on .*: No such file/)
    await check({ socket: 'here' }, /^socket path "here": not absolute/)
    process.env.RINGMASTER_SOCKET = socket
    await check({}, /named by RINGMASTER_SOCKET in the environment/)
  } finally {
    if (before === undefined) delete process.env.RINGMASTER_SOCKET
    else process.env.RINGMASTER_SOCKET = before
    fs.rmSync(folder, { recursive: true })
  }
})

test('a program with a daemon of its own is not told how to start one', async () => {
  const { CreatedPool } = require('../lib/created_pool.js')
  const { fill } = require('../lib/options.js')
  const pool = new CreatedPool({}, fill({ filename }), undefined, () => {})
  for (const why of ['no daemon answers on /run/x: Connection refused; start one with "ringmasterd"', 'the daemon is stopping; start it again']) {
    assert.equal(pool.refusal(why).message, 'the private daemon has been stopped')
  }
  assert.equal(pool.refusal('nice: 99 is too much').message, 'nice: 99 is too much')
})
