'use strict'
// examples/invoices with this package. Where pdfkit is not installed, something that only has its interface takes its place.
const assert = require('node:assert/strict')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { spawn } = require('node:child_process')
const { once } = require('node:events')
const { createInterface } = require('node:readline')
const { test, before, after } = require('node:test')

const example = path.join(__dirname, '../../../examples/invoices')
const { burst, invoiceOf } = require(path.join(example, 'load.js'))
const standIn = `
const { EventEmitter } = require('node:events')
module.exports = class PDFDocument extends EventEmitter {
  text (text) {
    this.emit('data', Buffer.from(text + '\\n'))
    return this
  }
  end () { setImmediate(() => this.emit('end')) }
}
for (const name of ['fontSize', 'moveDown', 'moveTo', 'lineTo', 'strokeColor', 'stroke', 'rect', 'fill']) {
  module.exports.prototype[name] = function () { return this }
}
`

let modules
before(() => {
  modules = fs.mkdtempSync(path.join(os.tmpdir(), 'rm-invoices-'))
  fs.symlinkSync(path.join(__dirname, '..'), path.join(modules, 'ringmaster'))
  fs.mkdirSync(path.join(modules, 'pdfkit'))
  fs.writeFileSync(path.join(modules, 'pdfkit/index.js'), standIn)
})
after(() => fs.rmSync(modules, { recursive: true, force: true }))

async function withServer (variant, body) {
  const server = spawn(process.execPath, [path.join(example, 'server.js'), variant],
    { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, NODE_PATH: modules, WORKERS: '2', RUN_TIMEOUT: '5000' } })
  const ended = once(server, 'exit')
  try {
    const [line] = await once(createInterface({ input: server.stdout }), 'line')
    await body(line.split(': ')[1])
  } finally {
    server.kill('SIGTERM')
    await ended
  }
}

async function make (url, invoice) {
  const response = await fetch(`${url}/invoices`, { method: 'POST', body: JSON.stringify(invoice) })
  return response.headers.get('content-type') === 'application/pdf' ? response.text() : response.json()
}

for (const variant of ['in-process', 'ringmaster']) {
  test(`invoices are made: ${variant}`, () => withServer(variant, async (url) => {
    assert.match(await make(url, invoiceOf(7)), /Invoice 7|%PDF/)
    assert.equal((await burst(url, { count: 20 })).failed, 0)
  }))
}

test('a poisoned invoice fails alone, and says of what', () => withServer('ringmaster', async (url) => {
  for (const [poison, outcome] of [['loop', 'timed out'], ['crash', 'crashed']]) {
    const [poisoned, others] = await Promise.all([make(url, invoiceOf(1, poison)), burst(url, { count: 20 })])
    assert.equal(poisoned.outcome, outcome)
    assert.equal(others.failed, 0)
  }
}))
