'use strict'
const assert = require('node:assert/strict')
const { test } = require('node:test')
const { fill } = require('../lib/options.js')
const { poolConfig } = require('../lib/pool_config.js')

const configOf = (options) => poolConfig('p', fill(options), '/boot')

test('the pool has its tasks\' limit, which says how often the daemon looks at them', () => {
  assert.match(configOf({ runTimeout: 120, killGrace: 500 }), /"run_timeout" = "120ms"\n[^]*"grace" = "120ms"/)
  assert.match(configOf({}), /"run_timeout" = "86400000ms"\n[^]*"grace" = "500ms"/)
})
