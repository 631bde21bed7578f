'use strict'
const assert = require('node:assert/strict')
const { test } = require('node:test')
const { fill } = require('../lib/options.js')
const { poolConfig, sizeOfPool } = require('../lib/pool_config.js')

const configOf = (options) => poolConfig(fill(options), '/boot', true)

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

test('a worker has this process\'s options, and not its program', () => {
  const { execArgv } = process
  process.execArgv = ['--eval=1', '--no-warnings', '-e', '2', '--print=3', '--input-type=module', '--inspect=9']
  try {
    assert.match(configOf({}), /"command" = \["[^"]+","--no-warnings","[^"]+boot\.js","\/boot"\]/)
  } finally {
    process.execArgv = execArgv
  }
})

test('a daemon of others is told nothing of the environment that could be a secret', () => {
  const harmless = { NODE_OPTIONS: '1', NODE_PATH: '2', HOME: '3', LC_ALL: '4', LD_LIBRARY_PATH: '5', TZ: '6', MALLOC_ARENA_MAX: '7', ASAN_OPTIONS: '8' }
  const env = { ...harmless, NODE_AUTH_TOKEN: 'secret', NODE_DATABASE_URL: 'secret', LD_KEY: 'secret', LC_: 'secret', HOMEBREW_TOKEN: 'secret', MY_NODE_OPTIONS: 'secret' }
  const before = { ...process.env }
  Object.assign(process.env, env)
  try {
    for (const options of [{}, { env }]) {
      const theirs = poolConfig(fill(options), '/boot', false)
      assert.doesNotMatch(theirs, /secret/)
      for (const [name, value] of Object.entries(harmless)) assert.match(theirs, new RegExp(`"${name}" = "${value}"`))
      assert.match(configOf(options), /"NODE_AUTH_TOKEN" = "secret"/) // This process's own daemon.
    }
  } finally {
    for (const name of Object.keys(env)) name in before ? process.env[name] = before[name] : delete process.env[name]
  }
})

test('an option that no daemon can keep is refused by its name', () => {
  const wrong = { recycle: Infinity, runTimeout: 90000000, spares: 1.5, niceIncrement: 1.5, killGrace: 2 ** 31, memoryMax: Infinity, resultBytes: Infinity }
  for (const [name, value] of Object.entries(wrong)) assert.throws(() => fill({ [name]: value }), new RegExp(`options\\.${name} must be`))
  assert.throws(() => fill({ resultCapacity: 2 << 20, resultBytes: 1 << 20 }), /resultCapacity.*resultBytes/)
  assert.equal(fill({ resultCapacity: 100 << 20 }).resultBytes, 100 << 20)
})
