'use strict'
// What programs that were written for piscina rely on, beside its interface.
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const vm = require('node:vm')
const { once } = require('node:events')
const { spawn } = require('node:child_process')
const { test } = require('node:test')
const { isMarkedAsUntransferable } = require('node:worker_threads')
const { Pool } = require('..')
const { PrivateDaemon } = require('../lib/private_daemon.js')
const { poolConfig } = require('../lib/pool_config.js')
const { fill } = require('../lib/options.js')
const { filename, withFolder, withPool } = require('./fixtures/support.js')

const settled = (promise) => promise.then((value) => String(value), ({ name }) => name)
// Node.js 21 and later refuse what older ones copy.
const small = isMarkedAsUntransferable === undefined ? 'small text' : 'DataCloneError'

test('a small Buffer may be moved: those that share its memory stay whole', () => withPool({}, async (pool) => {
  for (let i = 0; i < 3; ++i) {
    const mine = Buffer.from('small text')
    assert.equal(await settled(pool.run(mine, { transferList: [mine.buffer] })), small)
    assert.equal(mine.toString(), 'small text')
    assert.equal(await settled(pool.run('small text', { name: 'moveSmall' })), small)
    assert.equal(String(await pool.run(Buffer.from('another'))), 'another')
  }
  const ordinary = new ArrayBuffer(5000)
  await pool.run(ordinary, { transferList: [ordinary] })
  assert.equal(ordinary.byteLength, 0)
  const back = await pool.run(100000, { name: 'zeros' })
  assert.equal((await pool.run(back, { transferList: [back.buffer] })).length, 100000)
  assert.equal(back.length, 0)
}))

test('views of another context are views', () => withPool({}, async (pool) => {
  const [bytes, wide] = vm.runInNewContext('[new Uint8Array([1, 2]), new Float64Array(2000).fill(3)]')
  assert.deepEqual(await pool.run([bytes, wide]), [new Uint8Array([1, 2]), new Float64Array(2000).fill(3)])
}))

test('a module that could not be loaded is tried again', () => withFolder(async (folder) => {
  const file = path.join(folder, 'late.js')
  fs.writeFileSync(file, 'module.exports = () => JSON.parse(text); const text = require("fs").readFileSync(__dirname + "/data.json", "utf8")')
  const pool = new Pool({ filename: file, maxThreads: 1 })
  try {
    await assert.rejects(pool.run(1), { code: 'ENOENT' })
    fs.writeFileSync(path.join(folder, 'data.json'), '5')
    assert.deepEqual(await Promise.all([pool.run(1), pool.run(2)]), [5, 5])
  } finally {
    await pool.destroy()
  }
}))

test('a program\'s own handlers of exceptions are asked', () => withPool({}, async (pool) => {
  const pid = await pool.run(null, { name: 'pid' })
  assert.deepEqual(await pool.run(null, { name: 'survive' }), ['exception', 'rejection'])
  assert.equal(await pool.run(null, { name: 'pid' }), pid)
}))

test('close() can be hurried', () => withPool({}, async (pool) => {
  await pool.run(1)
  const open = pool.run({ ms: 50, value: 'done' }, { name: 'later' })
  const waiting = Array.from({ length: 100 }, () => settled(pool.run({ ms: 50 }, { name: 'later' })))
  const ended = Promise.all([pool.close(), pool.close({ force: true })])
  assert.equal(await open, 'done')
  await ended
  assert.ok((await Promise.all(waiting)).includes('AbortError'))
}))

test('a worker of a cluster that disconnects ends', async () => {
  const program = `
    const cluster = require('node:cluster')
    if (cluster.isPrimary) {
      cluster.fork().on('message', function () { this.disconnect() }).on('exit', (code) => process.exit(code))
    } else {
      const { Pool } = require(${JSON.stringify(path.join(__dirname, '..'))})
      new Pool({ filename: ${JSON.stringify(filename)}, maxThreads: 1 }).run(3).then((three) => process.send(three))
    }`
  await withFolder(async (folder) => {
    const file = path.join(folder, 'program.js')
    fs.writeFileSync(file, program)
    const [code] = await once(spawn(process.execPath, [file], { stdio: 'inherit' }), 'exit')
    assert.equal(code, 0)
  })
})

test('V8 gets limits that it understands, and no stack that there is not', () => {
  const flags = (resourceLimits) => JSON.parse(/"command" = (.*)/.exec(poolConfig(fill({ resourceLimits }), '/boot', true))[1]).filter((one) => /^--(max-old|max-semi|stack-size)/.test(one))
  assert.deepEqual(flags({ maxOldGenerationSizeMb: 64.5, maxYoungGenerationSizeMb: 16.7 }), ['--max-old-space-size=64', '--max-semi-space-size=5'])
  assert.deepEqual(flags({ maxOldGenerationSizeMb: 0.1 }), ['--max-old-space-size=1'])
  assert.deepEqual(flags({ maxOldGenerationSizeMb: 1e21 }), [`--max-old-space-size=${2 ** 20}`])
  assert.deepEqual(flags({ maxOldGenerationSizeMb: 'abc', stackSizeMb: 0 }), [])
  assert.deepEqual(flags({ stackSizeMb: 1.5 }), ['--stack-size=1500'])
  const [most] = flags({ stackSizeMb: 1e6 })
  const limit = /^Max stack size +(\d+|unlimited)/m.exec(fs.readFileSync('/proc/self/limits', 'latin1'))[1]
  if (limit !== 'unlimited') assert.ok(Number(/\d+/.exec(most)[0]) * 1000 < Number(limit))
})

test('a task that is not tried again says how its worker ended', () => withPool({ idempotent: true }, async (pool) => {
  await assert.rejects(pool.run(11, { name: 'exit' }), { outcome: 'crashed', detail: 11, message: /exit code 11/ })
  await assert.rejects(pool.run(null, { name: 'killSelf' }), { outcome: 'crashed', detail: 9, message: /signal 9/ })
}))

test('what a daemon is asked is refused when it has ended, and undone when it comes late', async () => {
  let end
  let answer
  const daemon = { gone: new Promise((resolve) => { end = resolve }) }
  const undone = []
  const asked = PrivateDaemon.prototype.whileThere.call(daemon, (resolve) => { answer = resolve }, (one) => undone.push(one))
  end('it was killed')
  await assert.rejects(asked, { name: 'TaskError', outcome: 'refused' })
  answer('a session')
  await undefined
  await undefined
  assert.deepEqual(undone, ['a session'])
  assert.equal(await PrivateDaemon.prototype.whileThere.call({ gone: new Promise(() => {}) }, (resolve) => resolve(1), () => assert.fail()), 1)
})

test('the class is its own default, but not as a property of its own', () => {
  const Piscina = require('../lib/piscina.js')
  assert.equal(Piscina.default, Piscina)
  assert.ok(!Object.getOwnPropertyNames(Piscina).includes('default'))
})
