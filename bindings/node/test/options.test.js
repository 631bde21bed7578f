'use strict'
// Options that are not known: refused, with the name that is probably meant; by piscina's name warned of, once.
const assert = require('node:assert/strict')
const { test } = require('node:test')
const { Pool } = require('..')
const Piscina = require('../lib/piscina.js')
const { filename } = require('./fixtures/support.js')

test('a misspelt option is refused with the nearest known one', () => {
  const refused = (options, message) => assert.throws(() => new Pool(options), { name: 'TypeError', message })
  for (const [name, meant] of Object.entries({
    maxThread: 'maxThreads',
    runtimeout: 'runTimeout',
    filname: 'filename',
    maxWorkers: 'maxThreads',
    minProcesses: 'minThreads',
    maxQueueSize: 'maxQueue',
    concurrentTasksPerThread: 'concurrentTasksPerWorker',
    idempotence: 'idempotent',
    timeout: 'runTimeout',
    maxMemory: 'memoryMax',
    retry: 'retries',
    concurrency: 'maxThreads'
  })) refused({ filename, [name]: 1 }, `options.${name} is not known; did you mean ${meant}?`)
  refused({ filename, colour: 1 }, /^options\.colour is not known; there are filename, name, /)
  refused({ filename, resourceLimits: { maxOldGenerationSize: 1 } }, 'options.resourceLimits.maxOldGenerationSize is not known; did you mean maxOldGenerationSizeMb?')
  refused({ filename, resourceLimits: { heap: 1 } }, /there are maxOldGenerationSizeMb, maxYoungGenerationSizeMb, codeRangeSizeMb, stackSizeMb$/)
  for (const none of [null, 'tasks.js', 4, []]) refused(none, 'options must be an object')
})

test('so are those of run() and close()', async () => {
  const pool = new Pool({ filename, maxThreads: 1, captureRejections: false, colour: undefined })
  try {
    const refused = (promise, message) => assert.rejects(promise, { name: 'TypeError', message })
    await refused(pool.run(1, { abortSignal: AbortSignal.timeout(1000) }), 'options.abortSignal is not known; did you mean signal?')
    await refused(pool.run(1, { transfer: [] }), 'options.transfer is not known; did you mean transferList?')
    await refused(pool.run(1, { timeout: 5 }), 'options.timeout is not known; there are transferList, filename, name, signal')
    await refused(pool.run(1, [new ArrayBuffer(1)]), 'options must be an object, and no array: { transferList: [buffer] }')
    await refused(pool.close({ forced: true }), 'options.forced is not known; did you mean force?')
    assert.equal(await pool.run(1, { name: undefined, timeout: undefined }), 1)
    assert.equal(await pool.run(2, Object.create({ timeout: 5 })), 2)
  } finally {
    await pool.destroy()
  }
})

test('piscina\'s name ignores them, and warns once of each', async () => {
  const said = []
  const hear = (warning) => said.push(`${warning.name}: ${warning.message}`)
  process.on('warning', hear)
  class Own extends Piscina {}
  const pools = [Piscina, Piscina, Own].map((Class) => new Class({ filename, maxThread: 1, resourceLimits: { heap: 1 } }))
  try {
    for (const pool of pools) assert.equal(await pool.run(1, { timeout: 5 }), 1)
    assert.deepEqual(said.sort(), [
      'RingmasterWarning: options.maxThread is not known; did you mean maxThreads? It is ignored.',
      'RingmasterWarning: options.resourceLimits.heap is not known; there are maxOldGenerationSizeMb, maxYoungGenerationSizeMb, codeRangeSizeMb, stackSizeMb. It is ignored.',
      'RingmasterWarning: options.timeout is not known; there are transferList, filename, name, signal. It is ignored.'
    ])
  } finally {
    process.off('warning', hear)
    await Promise.all(pools.map((pool) => pool.destroy({ unheard: 1 })))
  }
})
