'use strict'
// What somebody does wrong (a task, a listener, a caller, another thread, another program) harms nobody else.
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { execFile } = require('node:child_process')
const { once } = require('node:events')
const { promisify } = require('node:util')
const { test } = require('node:test')
const { Worker } = require('node:worker_threads')
const { Pool } = require('..')
const { PrivateDaemon } = require('../lib/private_daemon.js')
const programs = require('../lib/programs.js')
const { kDescription } = require('../lib/shared_data.js')
const { busyUntil, filename, parentOf, until, withFolder, withPool } = require('./fixtures/support.js')

const root = path.join(__dirname, '..')
const bare = path.join(__dirname, 'fixtures', 'bare.js')
const replaces = path.join(__dirname, 'fixtures', 'replaces.js')

async function daemonOf (pool) {
  const daemon = parentOf(await pool.run(null, { name: 'pid' }))
  assert.equal(parentOf(daemon), process.pid)
  return daemon
}

// What has been written to each of this process's eventfds, and not read.
function eventsUnread () {
  const unread = new Map()
  for (const fd of fs.readdirSync('/proc/self/fdinfo')) {
    try {
      const count = /^eventfd-count:\s*(\w+)/m.exec(fs.readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))
      if (count !== null) unread.set(fd, Number.parseInt(count[1], 16))
    } catch {} // Of the folder itself.
  }
  return unread
}

// A program of its own, since what it does not catch ends it: prints what it says as JSON.
// `descriptors`: how many it may have, and each of its children.
async function runProgram (body, descriptors) {
  const limit = descriptors === undefined ? '' : `ulimit -n ${descriptors} && `
  const text = `
    const { Pool } = require(${JSON.stringify(root)})
    const uncaught = []
    process.on('uncaughtException', (error) => uncaught.push(error.message))
    const filename = ${JSON.stringify(filename)}
    const turns = async (count) => { for (; count > 0; --count) await new Promise(setImmediate) }
    ;(async () => {
      ${body}
    })()`
  const { stdout } = await promisify(execFile)('/bin/sh', ['-c', `${limit}exec "$@"`, 'sh', process.execPath, '-e', text], { encoding: 'utf8' })
  return JSON.parse(stdout)
}

test('a listener that throws is told of, and every task of its batch has settled', async () => {
  const said = await runProgram(`
    const pool = new Pool({ filename, minThreads: 2, maxThreads: 2, stack: false })
    await pool.run(1)
    const listener = () => { throw new Error('of the listener') }
    for (const name of ['workerDestroy', 'workerCreate', 'message']) pool.once(name, listener)
    const exits = [0, 1, 2, 3].map(() => pool.run(1, { name: 'exit' }))
    const posts = [pool.run(1, { name: 'post' }), pool.run(2)]
    const ends = await Promise.allSettled([...exits, ...posts])
    await turns(2)
    console.log(JSON.stringify({ failed: ends.filter((one) => one.status === 'rejected').length, next: await pool.run(5), uncaught }))
    await pool.close()`)
  assert.deepEqual(said, { failed: 4, next: 5, uncaught: ['of the listener', 'of the listener', 'of the listener'] })
})

test('the first task of a worker tells why it failed, though it has left no descriptor', async () => {
  const said = await runProgram(`
    const pool = new Pool({ filename: ${JSON.stringify(bare)}, maxThreads: 1 })
    const told = []
    pool.on('message', (message) => told.push(message))
    const { code } = await pool.run(null, { name: 'openAll' }).catch((error) => error)
    await pool.run({ posted: 1 }, { name: 'post' })
    console.log(JSON.stringify({ code, told, next: [...await pool.run(new Set([5]))], uncaught }))
    await pool.close()`, 256)
  assert.deepEqual(said, { code: 'EMFILE', told: [{ posted: 1 }], next: [5], uncaught: [] })
})

test('a module that replaces globals has its worker answer all the same', () => withPool({ filename: replaces }, async (pool) => {
  for (const value of [1, { large: 'x'.repeat(5000) }, new Map([[1, new Uint8Array(5000)]])]) assert.deepEqual(await pool.run(value), value)
  await assert.rejects(pool.run(1, { name: 'fails' }), { name: 'RangeError', message: 'of the task' })
  await assert.rejects(pool.run(1, { name: 'cannotClone' }), { name: 'DataCloneError' })
  if (process.versions.node.startsWith('18.')) return // Its own streams call whatever process.nextTick is.
  const told = []
  pool.on('message', (message) => told.push(message))
  await pool.run(1, { name: 'tells' })
  assert.deepEqual(told, ['told'])
  assert.equal(await pool.run(1, { name: 'prints' }), true)
  await assert.rejects(pool.run(1, { name: 'failsOutside' }), { message: 'outside' })
  assert.equal(await pool.run(2), 2)
}))

test('what was thrown is told where nothing of it can be', () => withPool({ filename: replaces }, async (pool) => {
  const failed = []
  pool.on('error', ({ message }) => failed.push(message))
  await pool.run(1, { name: 'failsLater' })
  await until(() => failed.length > 0, 'it is told')
  assert.match(failed[0], /later/)
  await assert.rejects(pool.run(1, { name: 'failsUnseen' }), { message: 'a value that cannot be shown was thrown' })
}))

test('a load balancer, a queue or a signal that throws rejects its task', () => withPool({
  loadBalancer: (task, workers) => {
    if (task.task === 'throw') throw new Error('of the balancer')
    return workers.find((one) => one.currentUsage === 0)
  }
}, async (pool) => {
  const { signal } = new AbortController()
  let listens = 0
  signal.addEventListener = () => ++listens
  signal.removeEventListener = () => --listens
  await assert.rejects(pool.run('throw', { signal }), { message: 'of the balancer' })
  assert.equal(listens, 0)
  assert.equal(await pool.run(1), 1)
  const first = pool.run({ ms: 20, value: 2 }, { name: 'later' })
  const second = assert.rejects(pool.run('throw'), { message: 'of the balancer' })
  assert.equal(await first, 2)
  await second
  await assert.rejects(pool.run(1, { filename: 'file:%' }), URIError)
  await assert.rejects(pool.run(1, { signal: {} }), TypeError)
}))

test('a queue of the program\'s that throws in a batch loses no outcome of it', () => withFolder(async (folder) => {
  const said = await runProgram(`
    const { ArrayTaskQueue } = require(${JSON.stringify(root)})
    const { existsSync } = require('node:fs')
    class Queue extends ArrayTaskQueue {
      shift () {
        if (this.throws) {
          this.throws = false
          throw new Error('of the queue')
        }
        return super.shift()
      }
    }
    const queue = new Queue()
    const pool = new Pool({ filename, minThreads: 1, maxThreads: 1, concurrentTasksPerWorker: 2, taskQueue: queue })
    await pool.run(0)
    const files = ['1', '2', '3'].map((one) => ${JSON.stringify(folder)} + '/' + one)
    const tasks = files.map((file) => pool.run({ file }, { name: 'postAndSay' }))
    queue.throws = true
    const cell = new Int32Array(new SharedArrayBuffer(4))
    while (!existsSync(files[1])) Atomics.wait(cell, 0, 0, 5) // Both have ended when the next turn comes.
    console.log(JSON.stringify({ ends: (await Promise.all(tasks)).length, uncaught }))
    await pool.close()`)
  assert.deepEqual(said, { ends: 3, uncaught: ['of the queue'] })
}))

test('an answer that is none fails its task alone', () => withPool({}, async (pool) => {
  for (const name of ['answerNothing', 'answerGarbage', 'answerWithoutCount']) {
    const ends = await Promise.allSettled([pool.run(1), pool.run(1, { name }), pool.run(2)])
    assert.deepEqual(ends.map((one) => one.status), ['fulfilled', 'rejected', 'fulfilled'])
    assert.equal(ends[1].reason.name, 'TaskError')
    assert.equal(ends[1].reason.outcome, 'failed')
    assert.match(ends[1].reason.message, /cannot be read/)
  }
  assert.deepEqual(await pool.run({ outcome: 'refused' }), { outcome: 'refused' })
}))

test('a size that is none is refused', () => withPool({ requestBytes: 1 << 20 }, async (pool) => {
  await pool.run(1)
  for (const bytes of [-1, -100, NaN, Infinity, 1.5, 2 ** 64, '5']) assert.throws(() => pool.allocate(bytes), RangeError)
  assert.equal(pool.allocate(0).byteLength, 0)
  for (const bytes of [-1, 2 ** 53, 2 ** 64 - 4096, 2 ** 64]) await assert.rejects(pool.run(bytes, { name: 'reserve' }), RangeError)
  assert.equal(await pool.run(10, { name: 'reserve' }), 10)
}))

test('the addon itself makes no buffer of a size that is none', () => withPool({}, async (pool) => {
  const native = require(programs.client)
  const { open } = native
  const opened = new Promise((resolve) => {
    native.open = (...given) => {
      const done = given.pop()
      open(...given, (error, session) => resolve(session) || done(error, session))
    }
  })
  try {
    await withPool({}, async (other) => {
      await other.run(1)
      const { handle } = await opened
      for (const bytes of [-1, NaN, 2 ** 64, 2 ** 64 - 4096, 2 ** 48]) assert.equal(native.allocate(handle, bytes, 0), undefined)
      assert.equal(native.allocate(handle, 8, 0)[0].byteLength, 8)
    })
  } finally {
    native.open = open
  }
}))

test('a task that comes after the daemon has died, before the program has had a turn, has another daemon', async () => {
  const before = eventsUnread()
  await withPool({}, async (pool) => {
    const daemon = await daemonOf(pool)
    const flies = assert.rejects(pool.run(null, { name: 'never' }), { outcome: 'lost' })
    const own = [...eventsUnread().keys()].filter((fd) => !before.has(fd)) // The session's is among them.
    process.kill(daemon, 'SIGKILL')
    busyUntil(() => {
      const unread = eventsUnread()
      return own.some((fd) => unread.get(fd) > 0)
    })
    assert.equal(await pool.run(2), 2)
    await flies
  })
})

test('a thread that ends while its pool is busy ends alone', async () => {
  const text = (then) => `
    const { Pool } = require(${JSON.stringify(root)})
    const native = require(${JSON.stringify(programs.client)})
    const { open } = native
    let handle
    native.open = (...given) => {
      const done = given.pop()
      open(...given, (error, session) => {
        handle = session.handle
        done(error, session)
      })
    }
    const pool = new Pool({ filename: ${JSON.stringify(filename)}, maxThreads: 1, requestBytes: 64 << 20 })
    const views = Array.from({ length: 4000 }, () => new Uint8Array(1024))
    const run = () => pool.run(views).then(run)
    const end = { get socket () { process.exit() }, get 0 () { process.exit() } }
    pool.run(1).then(() => require('node:worker_threads').parentPort.postMessage('up')).then(() => { ${then} })`
  // In the middle of what the addon asks of Node.js: where a script can end its thread, another thread can.
  const listOf = 'Object.defineProperty([null], 0, Object.getOwnPropertyDescriptor(end, 0))'
  for (const then of ['open(end, () => {}, () => {})', `native.submit(handle, 1, 0, new Uint8Array(1), ${listOf}, 0, 4096, 0, false)`, 'run()']) {
    const thread = new Worker(text(then), { eval: true })
    const ended = once(thread, 'exit')
    await once(thread, 'message')
    if (then === 'run()') await thread.terminate()
    await ended
  }
})

// In Node.js 20 it has to be asked for.
const execArgv = ArrayBuffer.prototype.transfer === undefined ? ['--harmony-rab-gsab-transfer'] : []
const canTransfer = Number.parseInt(process.versions.node) >= 20

test('a task that moves the memory lent to it is its worker\'s last', { skip: !canTransfer && 'there is no transfer()' }, () => withPool({ execArgv, resultCapacity: 1 << 20 }, async (pool) => {
  const pids = [await pool.run(new ArrayBuffer(1 << 18), { name: 'keep' }), await pool.run(1 << 18, { name: 'keepReserved' })]
  assert.equal(await pool.run(null, { name: 'hasKept' }), false)
  pids.push(await pool.run(null, { name: 'pid' }))
  assert.equal(new Set(pids).size, 3)
}))

test('shared data goes by what was shared, whoever has it', () => withPool({}, async (pool) => {
  for (const file of Object.keys(require.cache)) if (file.startsWith(path.join(root, 'lib'))) delete require.cache[file]
  const other = new (require('..').Pool)({ filename, maxThreads: 1 })
  try {
    for (const [one, value] of [[pool, 11], [other, 22], [pool, 33]]) {
      const shared = one.share(new Uint8Array(5000).fill(value))
      assert.deepEqual(await pool.run(shared, { name: 'first' }), [5000, value])
    }
  } finally {
    await other.destroy()
  }
}))

test('a file is no shared data, whatever a task says of it', () => withPool({}, async (pool) => {
  const file = fs.openSync(filename)
  const { size } = fs.fstatSync(file)
  try {
    for (const place of [filename, `/proc/${process.pid}/fd/${file}`]) {
      class Forged extends Uint8Array {
        get [kDescription] () { return JSON.stringify(['ringmaster-shared-1', place, size]) }
      }
      await assert.rejects(pool.run(new Forged(1)), /no such shared data/)
    }
  } finally {
    fs.closeSync(file)
  }
}))

test('shared data that was released is given back', () => withPool({ execArgv: ['--expose-gc'] }, async (pool) => {
  assert.deepEqual(await pool.run(pool.share(new Uint8Array(0)), { name: 'first' }), [0, undefined])
  for (let i = 0; i < 3; ++i) {
    const shared = pool.share(new Uint8Array(1 << 20).fill(i))
    assert.deepEqual(await pool.run(shared, { name: 'first' }), [1 << 20, i])
    shared.release()
  }
  const end = Date.now() + 30000
  while (await pool.run(null, { name: 'mapsAfterGc' }) !== 0) assert.ok(Date.now() < end, 'all are unmapped')
}))

test('close() does not wait for a task that could not be sent, or was aborted', async () => {
  const inTime = async (body) => {
    const pool = new Pool({ filename, minThreads: 0, maxThreads: 1, closeTimeout: 5000 })
    pool.on('error', (error) => assert.fail(error))
    await pool.run(1)
    while (pool.threads.length > 0) await new Promise(setImmediate)
    await body(pool)
  }
  await inTime(async (pool) => {
    const rejected = assert.rejects(pool.run(() => {}), { name: 'DataCloneError' })
    await pool.close()
    await rejected
  })
  await inTime(async (pool) => {
    const controller = new AbortController()
    const rejected = assert.rejects(pool.run(1, { signal: controller.signal }), { name: 'AbortError' })
    const closed = pool.close()
    controller.abort()
    await closed
    await rejected
  })
})

test('results that the program holds leave room for the next', () => withPool({ resultCapacity: 40 << 20 }, async (pool) => {
  const held = await pool.run(30 << 20, { name: 'make' })
  assert.equal((await pool.run(10, { name: 'make' })).length, 10)
  assert.equal((await pool.run(35 << 20, { name: 'make' })).length, 35 << 20)
  assert.ok(held.every((one) => one === 3))
}))

test('a start that fails fails what waits for it, and no later task', () => withPool({}, async (pool) => {
  const daemon = await daemonOf(pool)
  const { mkdtempSync } = fs
  fs.mkdtempSync = () => { throw Object.assign(new Error('there is no room'), { code: 'ENOSPC' }) }
  try {
    process.kill(daemon, 'SIGKILL')
    let error
    const isLost = (one) => one === 1 || one.outcome === 'lost' // Its pool may not know yet.
    do error = await pool.run(1).catch((one) => one); while (isLost(error))
    assert.equal(error.code, 'ENOSPC')
    await assert.rejects(pool.run(1), { code: 'ENOSPC' })
  } finally {
    fs.mkdtempSync = mkdtempSync
  }
  const end = Date.now() + 30000
  let value
  while (value !== 5) {
    assert.ok(Date.now() < end, 'it has been started')
    value = await pool.run(5).catch((error) => {
      assert.equal(error.code, 'ENOSPC')
      return new Promise((resolve) => setTimeout(resolve, 20))
    })
  }
}))

test('options that cannot be given to a worker start nothing', () => {
  const { join } = PrivateDaemon
  PrivateDaemon.join = () => assert.fail('a daemon is started')
  try {
    assert.throws(() => new Pool({ filename, resourceLimits: { stackSizeMb () {} } }), /could not be cloned/)
  } finally {
    PrivateDaemon.join = join
  }
})

test('a worker that ends with its task is told of, as a thread that ends', () => withPool({ maxThreads: 1 }, async (pool) => {
  await pool.run(1)
  const told = []
  for (const name of ['workerCreate', 'workerDestroy']) pool.on(name, () => told.push(name))
  await assert.rejects(pool.run(1, { name: 'throwLater' }), { message: 'thrown later' })
  await pool.run(1)
  await until(() => told.length === 2, 'both are told')
  assert.deepEqual(told, ['workerDestroy', 'workerCreate'])
}))

test('what workers wrote that cannot start is told', async () => {
  const pool = new Pool({ filename, maxThreads: 1, execArgv: ['--no-such-option-of-node'] })
  try {
    await assert.rejects(pool.run(1), { outcome: 'refused', message: /exited with status 9 before it was ready:\n.*bad option: --no-such-option-of-node/ })
  } finally {
    await pool.destroy()
  }
})

test('a pool that is destroyed at once has told of no worker', async () => {
  const pool = new Pool({ filename, maxThreads: 1 })
  const told = []
  for (const name of ['workerCreate', 'workerDestroy']) pool.on(name, () => told.push(name))
  await pool.destroy()
  assert.deepEqual(told, [])
})
