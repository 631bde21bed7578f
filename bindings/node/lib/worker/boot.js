'use strict'
// The main module of a worker of a pool that a program has created: boot.js FILE, which says what its worker is to know.
const fs = require('node:fs')
const path = require('node:path')
const v8 = require('node:v8')
const { serve } = require('./process.js')

const file = process.argv[2]
serve({ ...v8.deserialize(fs.readFileSync(file)), side: path.join(path.dirname(file), 'messages') })
