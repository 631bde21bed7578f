'use strict'
// The main module of a worker of a pool that a program has created: boot.js FILE, which says what its worker is to know.
const fs = require('node:fs')
const path = require('node:path')
const v8 = require('node:v8')

const file = process.argv[2]
const boot = { ...v8.deserialize(fs.readFileSync(file)), side: path.join(path.dirname(file), 'messages') }
if (boot.workerData !== undefined) boot.workerData = require('../codec.js').decode(boot.workerData)
const addon = require(boot.addon)
const memory = addon.open(boot.resultCapacity)
require('./process.js').serve(boot, addon, memory)
