'use strict'
const assert = require('node:assert/strict')
const path = require('node:path')
const { once } = require('node:events')
const { test, describe } = require('node:test')
const { pathToFileURL } = require('node:url')
const { Pool, AbortError } = require('..')
const { filename, isGone, until, withPool } = require('./fixtures/support.js')

// What a worker needs besides when the tests run under a sanitizer.
const sanitizer = Object.fromEntries(Object.entries(process.env).filter(([name]) => /^LD_PRELOAD$|^[A-Z]+SAN_OPTIONS$/.test(name)))
const isSanitized = 'LD_PRELOAD' in sanitizer

describe('tasks', () => {
  test('run in another process and answer with any value', () => withPool({}, async (pool) => {
    assert.notEqual(await pool.run(null, { name: 'pid' }), process.pid)
    assert.equal(await pool.run({ a: 2, b: 3 }, { name: 'add' }), 5)
    for (const value of [undefined, null, 1n << 80n, 'ü', new Date(5), new Map([[1, new Set([2])]]), [1, [2]], /x/g, new Uint16Array([1, 500])]) {
      assert.deepEqual(await pool.run(value), value)
    }
    const loop = { list: [1] }
    loop.self = loop
    const back = await pool.run(loop)
    assert.equal(back.self, back)
  }))

  test('of a promise are answered when it settles, and timers of the process go on', () => withPool({}, async (pool) => {
    assert.equal(await pool.run({ ms: 20, value: 'done' }, { name: 'later' }), 'done')
  }))

  test('many at once each get their own answer', () => withPool({ maxThreads: 2 }, async (pool) => {
    const answers = await Promise.all(Array.from({ length: 2000 }, (_, i) => pool.run({ a: i, b: 1 }, { name: 'add' })))
    assert.deepEqual(answers, Array.from({ length: 2000 }, (_, i) => i + 1))
    assert.equal(pool.completed, 2000)
  }))

  test('that throw reject with their class, message, stack, cause and fields', () => withPool({}, async (pool) => {
    const error = await pool.run('no', { name: 'fail' }).catch((one) => one)
    assert.ok(error instanceof TypeError)
    assert.equal(error.constructor.name, 'Mine')
    assert.equal(error.message, 'no')
    assert.equal(error.code, 'E_MINE')
    assert.match(error.stack, /tasks\.js/)
    assert.equal(error.cause.message, 'the cause')
    assert.equal(await pool.run('text', { name: 'failValue' }).catch((one) => one), 'text')
    assert.equal(await pool.run(undefined, { name: 'failValue' }).then(() => 'no', (one) => one), undefined)
  }))

  test('have the environment as they would in a thread', () => withPool({ env: process.env, workerData: [process.env] }, async (pool) => {
    const here = { ...process.env }
    assert.deepEqual(await pool.run(process.env), here)
    const twice = await pool.run({ now: new Date(1), first: process.env, second: [process.env], bytes: new Uint8Array(2000) })
    assert.deepEqual([twice.first, twice.second, twice.now.getTime(), twice.bytes.length], [here, [here], 1, 2000])
    assert.equal(twice.first, twice.second[0])
    assert.deepEqual(await pool.run(null, { name: 'data' }), [here])
    assert.deepEqual(await pool.run(null, { name: 'allOfEnvironment' }), here)
    const posted = once(pool, 'message')
    await pool.run(null, { name: 'postEnvironment' })
    assert.deepEqual(await posted, [{ environment: here }])
  }))

  test('that cannot be cloned reject here and harm nobody', () => withPool({}, async (pool) => {
    await assert.rejects(pool.run(() => {}), { name: 'DataCloneError' })
    await assert.rejects(pool.run(new SharedArrayBuffer(8)), { name: 'DataCloneError', message: /share/ })
    assert.equal(await pool.run(1), 1)
  }))

  test('may name functions of a file that has no function of its own', async () => {
    const pool = new Pool({ filename: path.join(__dirname, 'fixtures/named.js'), maxThreads: 1 })
    try {
      assert.equal(await pool.run(2, { name: 'twice' }), 4)
      await assert.rejects(pool.run(2), /No handler function exported from .*named\.js: it is no function itself and has no default export; there is twice$/)
    } finally {
      await pool.destroy()
    }
  })

  test('find no function, or no file', () => withPool({}, async (pool) => {
    await assert.rejects(pool.run(1, { name: 'nothing' }), /No handler function .*: it exports no function "nothing"; there is .*\bsize\b/)
    await assert.rejects(pool.run(1, { filename: '/nowhere/at/all.js' }), /all\.js/)
  }))
})

describe('a worker', () => {
  test('that crashes ends its task and nobody else\'s', () => withPool({ maxThreads: 2 }, async (pool) => {
    const others = Array.from({ length: 20 }, (_, i) => pool.run({ ms: 5, value: i }, { name: 'later' }))
    const error = await pool.run(null, { name: 'crash' }).catch((one) => one)
    assert.equal(error.name, 'TaskError')
    assert.equal(error.outcome, 'crashed')
    assert.equal(error.task, `${filename}#crash`)
    assert.deepEqual(await Promise.all(others), Array.from({ length: 20 }, (_, i) => i))
    assert.equal(await pool.run(1), 1)
  }))

  for (const name of ['abort', 'crash']) {
    test(`that ends by ${name} is told with the script's stack, and its own`, () => withPool({}, async (pool) => {
      const error = await pool.run(null, { name }).catch((one) => one)
      assert.equal(error.outcome, 'crashed')
      if (!isSanitized || name === 'abort') assert.match(error.nativeStack, /^#\d+ /m)
      if (!isSanitized) assert.match(error.message, new RegExp(`    at .*${name} \\(.*tasks\\.js:\\d+:\\d+\\)`))
      assert.equal(await pool.run(1), 1)
    }))
  }

  test('whose heap is full is told with the script\'s stack', { skip: isSanitized && 'too slow' }, () => withPool({ resourceLimits: { maxOldGenerationSizeMb: 40 } }, async (pool) => {
    const error = await pool.run(null, { name: 'grow' }).catch((one) => one)
    assert.equal(error.code, 'ERR_WORKER_OUT_OF_MEMORY')
    if (Number.parseInt(process.versions.node) < 24) assert.match(error.message, /    at grow \(.*tasks\.js:\d+\)/) // Later ones do not say.
  }))

  test('that aborts, or crashes, has no full heap where the heap has a limit', () => withPool({ resourceLimits: { maxOldGenerationSizeMb: 40 } }, async (pool) => {
    for (const name of ['abort', 'crash']) {
      const error = await pool.run(null, { name }).catch((one) => one)
      assert.equal(error.outcome, 'crashed')
      assert.equal(error.code, undefined)
    }
  }))

  test('whose heap is full is told as such without stacks, and without a limit of its own', { skip: isSanitized && 'too slow' }, () => withPool({ stack: false, resourceLimits: { maxOldGenerationSizeMb: 40 } }, async (one) => {
    const error = await one.run(null, { name: 'grow' }).catch((failure) => failure)
    assert.equal(error.code, 'ERR_WORKER_OUT_OF_MEMORY')
    assert.equal(error.nativeStack, undefined)
    await withPool({ execArgv: ['--max-old-space-size=40'] }, (other) => assert.rejects(other.run(null, { name: 'grow' }), { code: 'ERR_WORKER_OUT_OF_MEMORY' }))
  }))

  test('that is stopped by WebAssembly\'s own checks has not crashed', () => withPool({}, async (pool) => {
    assert.equal(await pool.run(0, { name: 'readWasm' }), 0)
    await assert.rejects(pool.run(1 << 20, { name: 'readWasm' }), { name: 'RuntimeError', message: /out of bounds/ })
    assert.equal(await pool.run(0, { name: 'readWasm' }), 0)
  }))

  test('that exits says with what', () => withPool({}, async (pool) => {
    await assert.rejects(pool.run(3, { name: 'exit' }), /worker exited with code: 3/)
    assert.equal(await pool.run(1), 1)
  }))

  test('that throws outside of its task fails the task', () => withPool({}, async (pool) => {
    await assert.rejects(pool.run(null, { name: 'throwLater' }), /thrown later/)
    assert.equal(await pool.run(1), 1)
  }))

  test('in an endless loop is stopped at the deadline, and the script\'s place is told', () => withPool({ runTimeout: 2000, killGrace: 20000 }, async (pool) => {
    const error = await pool.run(null, { name: 'spin' }).catch((one) => one)
    assert.equal(error.outcome, 'timed out')
    assert.match(error.message, /spin.*tasks\.js/s)
    assert.equal(await pool.run(1), 1)
  }))

  test('is stopped with its place too where it takes long to tell that', () => withPool({ runTimeout: 2000, killGrace: 20000 }, async (pool) => {
    await assert.rejects(pool.run(null, { name: 'spinSlowly' }), { outcome: 'timed out', message: /spinSlowly.*tasks\.js/s })
    assert.equal(await pool.run(1), 1)
  }))

  test('whose promise never settles is stopped at the deadline', () => withPool({ runTimeout: 300 }, async (pool) => {
    await assert.rejects(pool.run(null, { name: 'never' }), { outcome: 'timed out' })
    assert.equal(await pool.run(1), 1)
  }))

  test('is told what it was given', () => withPool({ workerData: { a: 1 }, env: { ONLY: 'this', ...sanitizer } }, async (pool) => {
    assert.deepEqual(await pool.run(null, { name: 'data' }), { a: 1 })
    assert.equal(await pool.run('ONLY', { name: 'environment' }), 'this')
    assert.equal(await pool.run('HOME', { name: 'environment' }), undefined)
    assert.equal((await pool.run(null, { name: 'facts' })).attempt, 1)
  }))

  test('is replaced after so many tasks, and every option beyond piscina\'s is one of the daemon\'s', () => {
    const options = { recycle: 2, spares: 1, memoryMax: 4e9, retries: 2, idempotent: true, killGrace: 100, runTimeout: 60000, stack: false, spin: 0, resultBytes: 32 << 20, requestBytes: 32 << 20 }
    return withPool(options, async (pool) => {
      const pids = []
      for (let i = 0; i < 6; ++i) pids.push(await pool.run(null, { name: 'pid' }))
      assert.equal(new Set(pids).size, 3)
    })
  })

  test('posts messages and prints lines', () => withPool({}, async (pool) => {
    const message = once(pool, 'message')
    await pool.run({ hello: 1 }, { name: 'post' })
    assert.deepEqual(await message, [{ hello: 1 }])
  }))

  test('that cannot load its file says why', () => withPool({ filename: '/nowhere/at/all.js' }, async (pool) => {
    await assert.rejects(pool.run(1), /all\.js/)
  }))

  test('of a file that imports what is not there say so each time', () => withPool({}, async (pool) => {
    const file = pathToFileURL(path.join(__dirname, 'fixtures/unlinked.mjs'))
    for (let i = 0; i < 2; ++i) await assert.rejects(pool.run(1, { filename: file }), { name: 'SyntaxError', message: /'absent'/ })
  }))

  test('of a file that is named by a URL or by a relative path', () => withPool({ filename: pathToFileURL(filename) }, async (pool) => {
    assert.equal(await pool.run(4), 4)
    assert.equal(await pool.run(4, { filename: path.relative(process.cwd(), path.join(__dirname, 'fixtures/named.js')).replace(/^(?!\.)/, './'), name: 'twice' }), 8)
  }))
})

describe('buffers', () => {
  test('arrive whole, and what a task writes is not seen here', () => withPool({}, async (pool) => {
    const bytes = new Uint8Array(1 << 20).fill(1)
    assert.equal(await pool.run(bytes, { name: 'sum' }), 1 << 20)
    assert.equal(await pool.run(bytes.buffer, { name: 'fill' }), 7)
    assert.equal(bytes[5], 1)
    assert.equal(await pool.run(bytes.buffer, { name: 'sum' }), 1 << 20, 'no page of the last task is left')
  }))

  test('of Buffer\'s own pool are not corrupted', () => withPool({}, async (pool) => {
    const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => pool.run(Buffer.from(`number ${i}`))))
    answers.forEach((one, i) => assert.equal(one.toString(), `number ${i}`))
  }))

  test('that are moved are gone here', () => withPool({}, async (pool) => {
    const buffer = new ArrayBuffer(100000)
    assert.equal(await pool.run(buffer, { name: 'size', transferList: [buffer] }), 100000)
    assert.equal(buffer.byteLength, 0)
  }))

  test('of the pool are filled in place and never copied', () => withPool({}, async (pool) => {
    await pool.run(1)
    const buffer = pool.allocate(1 << 20)
    new Uint8Array(buffer).fill(2)
    assert.equal(await pool.run(buffer, { name: 'sum', transferList: [buffer] }), 2 << 20)
    assert.equal(buffer.byteLength, 0)
  }))

  test('that are larger than a result\'s room come back all the same, and nothing is run twice', () => withPool({ resultCapacity: 1024 }, async (pool) => {
    const made = await pool.run(5 << 20, { name: 'make' })
    assert.equal(made.length, 5 << 20)
    assert.ok(made.every((one) => one === 3))
    const printed = await pool.run(100000, { name: 'printAndMake' })
    assert.deepEqual(printed, { runs: 1, text: 'x'.repeat(100000) })
    const error = await pool.run('y'.repeat(50000), { name: 'fail' }).catch((one) => one)
    assert.equal(error.message, 'y'.repeat(50000))
  }))

  test('of 4 GiB and more are refused', () => withPool({}, async (pool) => {
    const large = new ArrayBuffer(2 ** 32) // Its pages are not touched.
    for (const value of [large, { large }, new Uint8Array(large), [new DataView(large)]]) await assert.rejects(pool.run(value), { name: 'DataCloneError', message: /4294967296 bytes.*in parts/ })
    await assert.rejects(pool.run(large, { transferList: [large] }), { name: 'DataCloneError', message: /in parts/ })
    assert.equal(large.byteLength, 2 ** 32)
    assert.throws(() => pool.share(large), { name: 'RangeError', message: /4 GiB/ })
    assert.equal(await pool.run(new Uint8Array(large, 5, 2000), { name: 'sum' }), 0) // Not what it is a part of.
  }))

  test('that have no room all at once wait for it', () => withPool({ maxThreads: 2, concurrentTasksPerWorker: 8, requestBytes: 4 << 20 }, async (pool) => {
    const bytes = new Uint8Array(1 << 20).fill(1)
    const answers = await Promise.all(Array.from({ length: 24 }, () => pool.run(bytes, { name: 'sum' })))
    assert.deepEqual(answers, new Array(24).fill(1 << 20))
  }))

  test('come back, also from where the result lies', () => withPool({ resultCapacity: 4 << 20 }, async (pool) => {
    const made = await pool.run(1 << 20, { name: 'make' })
    assert.equal(made.length, 1 << 20)
    assert.ok(made.every((one) => one === 3))
    const reserved = await pool.run(1 << 20, { name: 'reserved' })
    assert.ok(reserved.every((one) => one === 9))
  }))
})

test('shared data is mapped once in each worker, and written there is seen by nobody else', () => withPool({ maxThreads: 2 }, async (pool) => {
  const data = new Uint8Array(1 << 20).fill(1)
  const shared = pool.share(data)
  data.fill(9)
  assert.equal(await pool.run(shared, { name: 'sum' }), 1 << 20)
  const first = await pool.run([shared], { name: 'isSame' })
  const again = await pool.run([shared], { name: 'isSame' })
  for (const one of [first, again]) assert.equal(one.sum, 1 << 20)
  assert.equal(await pool.run({ shared }, { name: 'writeShared' }), 5)
  assert.equal(await pool.run({ shared: pool.share(new SharedArrayBuffer(10)) }, { name: 'writeShared' }), 5)
  shared.release()
  await assert.rejects(pool.run(shared), { name: 'DataCloneError', message: /released/ })
}))

describe('a signal', () => {
  test('ends a task that waits, and one that runs', () => withPool({}, async (pool) => {
    const running = new AbortController()
    const waiting = new AbortController()
    const runs = pool.run(null, { name: 'spin', signal: running.signal })
    const waits = pool.run(1, { signal: waiting.signal })
    waiting.abort('enough')
    const error = await waits.catch((one) => one)
    assert.ok(error instanceof AbortError)
    assert.equal(error.cause, 'enough')
    await pool.run(1, { signal: AbortSignal.abort() }).catch((one) => assert.equal(one.name, 'AbortError'))
    running.abort()
    await assert.rejects(runs, { name: 'AbortError' })
    assert.equal(await pool.run(1), 1, 'the worker that looped has been replaced')
  }))
})

describe('a pool', () => {
  test('has a queue with an end', () => withPool({ maxQueue: 1 }, async (pool) => {
    const first = pool.run({ ms: 50, value: 1 }, { name: 'later' })
    const second = pool.run(2)
    assert.equal(pool.queueSize, 1)
    await assert.rejects(pool.run(3), /Task queue is at limit/)
    assert.deepEqual(await Promise.all([first, second]), [1, 2])
  }))

  test('that is closed finishes what it has, and takes no more', async () => {
    const pool = new Pool({ filename, maxThreads: 1 })
    const task = pool.run({ ms: 30, value: 1 }, { name: 'later' })
    const closed = pool.close()
    await assert.rejects(pool.run(2), { name: 'AbortError' })
    assert.equal(await task, 1)
    await closed
  })

  test('that is destroyed rejects what it has, and leaves no process', async () => {
    const pool = new Pool({ filename, maxThreads: 1 })
    const pid = await pool.run(null, { name: 'pid' })
    const task = pool.run(null, { name: 'spin' })
    const failed = assert.rejects(task, /Terminating worker thread/)
    await pool.destroy()
    await failed
    await until(() => isGone(pid))
  })

  test('tells its times', () => withPool({}, async (pool) => {
    await pool.run({ ms: 20, value: 1 }, { name: 'later' })
    const { runTime } = pool.histogram
    assert.ok(runTime.max >= 15)
    assert.equal(pool.histogram.waitTime.max > 0, true)
    const used = pool.utilization * pool.duration // Of one worker.
    assert.ok(used >= runTime.mean * 0.99 && used <= runTime.mean * 1.5, `${used} of ${runTime.mean} ms`)
    pool.histogram.resetRunTime()
    assert.equal(pool.utilization, 0)
  }))
})
