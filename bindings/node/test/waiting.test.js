'use strict'
// A daemon that gives no answer for a while: neither the program's loop nor its other work waits for it.
const assert = require('node:assert/strict')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { spawn } = require('node:child_process')
const { once } = require('node:events')
const { test } = require('node:test')
const { Worker } = require('node:worker_threads')
const { Pool } = require('..')
const programs = require('../lib/programs.js')
const { filename, isGone, parentOf, pidOf, statusOf, until, withPool } = require('./fixtures/support.js')

const isStopped = (pid) => /^State:\s+T/m.test(statusOf(pid))
const supervisorOf = (daemon) => Number(fs.readFileSync(`/proc/${daemon}/task/${daemon}/children`, 'latin1').split(' ')
  .find((pid) => /^Name:\s+ringmaster-supe/m.test(statusOf(pid))))
const pause = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
// Its keeper too, which would replace a supervisor that does not answer.
async function whileStopped (daemon, body) {
  const stopped = [daemon, supervisorOf(daemon)]
  for (const pid of stopped) process.kill(pid, 'SIGSTOP')
  try {
    return await body()
  } finally {
    for (const pid of stopped) process.kill(pid, 'SIGCONT')
  }
}

test('the loop goes on while a result that outgrew its room is being fetched', () => withPool({}, async (pool) => {
  const daemon = parentOf(await pidOf(pool))
  let settled = false
  const made = pool.run(200000, { name: 'make' }).finally(() => { settled = true })
  pause(300) // The result is there, since this thread cannot look; its memory is the daemon's.
  await whileStopped(daemon, async () => {
    for (let turn = 0; turn < 50; ++turn) await new Promise((resolve) => setTimeout(resolve, 2))
    assert.ok(!settled)
  })
  assert.equal((await made).length, 200000)
}))

test('the loop goes on while memory is asked for a task that is larger than the pool\'s', () => withPool({ requestBytes: 1 << 20 }, async (pool) => {
  const large = () => new Uint8Array(4 << 20).fill(7)
  const total = (4 << 20) * 7
  const daemon = parentOf(await pidOf(pool))
  assert.equal(await pool.run(large(), { name: 'sum' }), total)
  const order = []
  const asked = []
  await whileStopped(daemon, async () => {
    const controller = new AbortController()
    const aborted = pool.run(large(), { name: 'sum', signal: controller.signal })
    asked.push(pool.run(large(), { name: 'sum' }).then((value) => order.push(value)))
    asked.push(pool.run(5).then((value) => order.push(value)))
    let turns = 0
    const ticking = setInterval(() => ++turns, 1)
    await until(() => turns > 20, 'the loop turns')
    clearInterval(ticking)
    controller.abort()
    await assert.rejects(aborted, { name: 'AbortError' })
    assert.deepEqual(order, [])
    assert.ok(isStopped(daemon))
  })
  await Promise.all(asked)
  assert.deepEqual(order, [total, 5], 'in their order')
  const many = Array.from({ length: 5 }, () => pool.run(large(), { name: 'sum' }))
  assert.deepEqual(await Promise.all(many), new Array(5).fill(total))
}))

test('the loop goes on where allocate() has to ask for memory', () => withPool({ requestBytes: 1 << 20 }, async (pool) => {
  const bytes = 4 << 20
  const fill = (buffer) => {
    new Uint8Array(buffer).fill(3)
    return pool.run(buffer, { name: 'sum', transferList: [buffer] })
  }
  const daemon = parentOf(await pidOf(pool))
  const inPlace = () => fs.readFileSync('/proc/self/maps', 'latin1').match(/ rw-s .*memfd/g).length
  const before = inPlace()
  const first = pool.allocate(bytes)
  assert.equal(inPlace(), before + 1)
  assert.equal(await fill(first), bytes * 3)
  const buffers = await whileStopped(daemon, async () => {
    const mapped = inPlace()
    const all = [pool.allocate(bytes), pool.allocate(bytes)] // Ordinary ones.
    assert.equal(inPlace(), mapped)
    let turns = 0
    const ticking = setInterval(() => ++turns, 1)
    await until(() => turns > 20, 'the loop turns')
    clearInterval(ticking)
    assert.ok(isStopped(daemon))
    return all
  })
  for (const one of buffers) assert.equal(await fill(one), bytes * 3)
  for (let i = 0; i < 5; ++i) assert.equal(await fill(pool.allocate(bytes)), bytes * 3)
}))

// Memory that this process shares with others.
const mapped = () => fs.readFileSync('/proc/self/maps', 'latin1').match(/ rw-s .*memfd/g)?.length ?? 0

test('memory that came too late for allocate() is given back when nobody takes it', () => withPool({ requestBytes: 1 << 20 }, async (pool) => {
  const daemon = parentOf(await pidOf(pool))
  const before = mapped()
  await whileStopped(daemon, async () => {
    await until(() => isStopped(daemon), 'it is stopped')
    pool.allocate(4 << 20) // An ordinary one.
    assert.equal(mapped(), before)
  })
  await until(() => mapped() > before, 'it has come')
  await until(() => mapped() <= before, 'it is given back')
}))

test('memory asked for a task goes with the task, whatever becomes of it', () => withPool({ requestBytes: 1 << 20 }, async (pool) => {
  const daemon = parentOf(await pidOf(pool))
  const before = mapped()
  const growing = { bytes: new Uint8Array(4 << 20).fill(1) }
  let grown
  await whileStopped(daemon, async () => {
    await until(() => isStopped(daemon), 'it is stopped')
    grown = pool.run(growing, { name: 'bytesOf' })
    growing.bytes = new Uint8Array(6 << 20).fill(2)
  })
  assert.equal(await grown, 6 << 20)
  let reads = 0
  const failing = {
    get bytes () {
      if (++reads > 1) throw new Error('no more')
      return new Uint8Array(4 << 20)
    }
  }
  await assert.rejects(pool.run(failing, { name: 'bytesOf' }), { message: 'no more' })
  assert.equal(await pool.run(5), 5)
  await until(() => mapped() <= before, 'nothing of them is left')
}))

test('a task is stopped as soon as the daemon can be told, also one whose worker cannot stop it', () => withPool({ killGrace: 0 }, async (pool) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rm-waiting-'))
  try {
    const worker = await pidOf(pool)
    const abort = new AbortController()
    const rejected = assert.rejects(pool.run({ folder, count: 2 }, { name: 'meet', signal: abort.signal }), { name: 'AbortError' })
    await until(() => fs.readdirSync(folder).length === 1, 'it runs')
    process.kill(worker, 'SIGSTOP')
    await whileStopped(parentOf(worker), async () => {
      abort.abort()
      await rejected
      await new Promise((resolve) => setTimeout(resolve, 300)) // The daemon is asked for a tenth of a second.
      assert.ok(!isGone(worker))
    })
    await until(() => isGone(worker), 'the worker is gone')
    assert.equal(await pool.run(5), 5)
  } finally {
    fs.rmSync(folder, { recursive: true })
  }
}))

test('files can be read while many pools wait for the daemon', () => withPool({}, async (pool) => {
  const daemon = parentOf(await pidOf(pool))
  const native = require(programs.client)
  const { createPool } = native
  let asked = 0
  let answered = 0
  native.createPool = (wish, done) => {
    ++asked
    createPool(wish, (...answer) => {
      ++answered
      done(...answer)
    })
  }
  const pools = []
  try {
    await whileStopped(daemon, async () => {
      for (let i = 0; i < 8; ++i) pools.push(new Pool({ filename, maxThreads: 1 }))
      await until(() => asked === 8, 'all have asked')
      assert.ok((await fs.promises.readFile(__filename, 'utf8')).startsWith('\'use strict\''))
      assert.equal(answered, 0)
    })
    for (const one of pools) assert.equal(await one.run(6), 6)
  } finally {
    native.createPool = createPool
    await Promise.all(pools.map((one) => one.destroy()))
  }
}))

test('process.exit() does not wait for the daemon', async () => {
  const text = `
    const { Pool } = require(${JSON.stringify(path.join(__dirname, '..'))})
    const native = require(${JSON.stringify(programs.client)})
    const filename = ${JSON.stringify(filename)}
    const pool = new Pool({ filename, maxThreads: 1 })
    pool.run(null, { name: 'pid' }).then((pid) => console.log(pid))
    process.stdin.once('data', () => {
      const { createPool } = native
      native.createPool = (...given) => {
        createPool(...given)
        setTimeout(() => process.exit(7), 100)
      }
      new Pool({ filename, maxThreads: 1 })
    })`
  const program = spawn(process.execPath, ['-e', text], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(program, 'exit')
  const [worker] = await once(program.stdout, 'data')
  const daemon = parentOf(Number(String(worker)))
  const supervisor = supervisorOf(daemon)
  process.kill(supervisor, 'SIGSTOP') // The keeper would replace it in some seconds.
  program.stdin.write('go')
  assert.deepEqual(await ended, [7, null])
  assert.ok(isStopped(supervisor))
  process.kill(supervisor, 'SIGCONT')
  await until(() => isGone(daemon), 'the daemon is gone')
})

test('nothing is left of the pools of a thread that is terminated, whatever they wait for', async () => {
  const text = `
    const { parentPort } = require('node:worker_threads')
    const { Pool } = require(${JSON.stringify(path.join(__dirname, '..'))})
    const filename = ${JSON.stringify(filename)}
    const pool = new Pool({ filename, maxThreads: 1, requestBytes: 1 << 20 })
    const shared = pool.share(new Uint8Array(100000))
    parentPort.on('message', () => {
      for (let i = 0; i < 3; ++i) new Pool({ filename, maxThreads: 1 }).run(1).catch(() => {})
      pool.run(null, { name: 'spin' }).catch(() => {})
      pool.allocate(4 << 20) // Its answer comes too late.
      setTimeout(() => parentPort.postMessage('asked'), 50)
    })
    pool.run(shared, { name: 'size' }).then(() => pool.run(null, { name: 'pid' })).then((pid) => parentPort.postMessage(pid))`
  const descriptors = () => fs.readdirSync('/proc/self/fd').map((fd) => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`).replace(/[0-9a-f-]{36}/, '')
    } catch {
      return '' // It was of this look.
    }
  }).filter(Boolean).map((file) => file.replace(/\d+/g, 'N')).sort()
  const aThread = async () => {
    const thread = new Worker(text, { eval: true })
    const [worker] = await once(thread, 'message')
    const daemon = parentOf(worker)
    await whileStopped(daemon, async () => {
      thread.postMessage('go')
      await once(thread, 'message')
      await thread.terminate()
      assert.ok(isStopped(daemon))
    })
    await until(() => isGone(worker) && !fs.existsSync(`/proc/${daemon}`), 'the worker is gone, and the daemon, no zombie either')
  }
  await aThread() // What is made once for all threads.
  const before = descriptors()
  const mappedBefore = mapped()
  for (let i = 0; i < 3; ++i) await aThread()
  const more = () => descriptors().length > before.length || mapped() > mappedBefore
  await until(() => !more(), 'all descriptors are closed, and all memory is given back').catch(() => assert.deepEqual(descriptors(), before))
})
