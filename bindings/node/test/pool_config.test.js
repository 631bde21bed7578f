'use strict'
const assert = require('node:assert/strict')
const { test } = require('node:test')
const { fill } = require('../lib/options.js')
const { poolConfig, sizeOfPool } = require('../lib/pool_config.js')

const configOf = (options) => poolConfig(fill(options), '/boot')

test('the pool has its tasks\' limit, which says how often the daemon looks at them', () => {
  assert.match(configOf({ runTimeout: 120, killGrace: 500 }), /"run_timeout" = "120ms"\n[^]*"grace" = "120ms"/)
  assert.match(configOf({}), /"run_timeout" = "86400000ms"\n[^]*"grace" = "500ms"/)
})

test('a task is tried once, and once more for each retry', () => {
  for (const [retries, tries] of [[undefined, 1], [0, 1], [1, 2], [2.5, 4], [99, 15]]) assert.match(configOf({ retries }), new RegExp(`"retries" = ${tries}\n`))
})

test('as many processes as there is work for, and none goes at once', () => {
  const sizeOf = (options) => sizeOfPool(fill(options))
  assert.deepEqual(sizeOf({ minThreads: 2, maxThreads: 5 }), { min: 2, max: 5 })
  assert.deepEqual(sizeOf({ minThreads: 0, maxThreads: 1 }), { min: 1, max: 1 })
  assert.deepEqual(sizeOf({ minThreads: 1, maxThreads: 1.5 }), { min: 1, max: 2 })
  assert.deepEqual(sizeOf({ minThreads: 300, maxThreads: 300, spares: 6 }), { min: 250, max: 250 })
  assert.match(configOf({}), /"idle_timeout" = "1000ms"/)
  assert.match(configOf({ idleTimeout: 5000 }), /"idle_timeout" = "5000ms"/)
  assert.match(configOf({ idleTimeout: Infinity }), /"idle_timeout" = "0s"/)
})
