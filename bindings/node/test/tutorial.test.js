'use strict'
// The programs of docs/node.md and of the README, as printed there. In docs/node.md each begins with its file's name.
const assert = require('node:assert/strict')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { execFileSync } = require('node:child_process')
const { test, before, after } = require('node:test')

const root = path.join(__dirname, '../../..')
const page = fs.readFileSync(path.join(root, 'docs/node.md'), 'utf8')
const readme = fs.readFileSync(path.join(root, 'README.md'), 'utf8')
let folder

before(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rm-tutorial-'))
  fs.mkdirSync(path.join(folder, 'node_modules'))
  fs.symlinkSync(path.join(__dirname, '..'), path.join(folder, 'node_modules/ringmaster'))
  for (const [, text, name] of page.matchAll(/^```js\n(\/\/ (\w+\.js)[^]*?)^```$/gm)) fs.writeFileSync(path.join(folder, name), text)
  fs.writeFileSync(path.join(folder, 'hash.js'), /^```js\n([^]*?)^```$/m.exec(readme)[1])
})
after(() => fs.rmSync(folder, { recursive: true, force: true }))

const run = (program) => execFileSync(process.execPath, [program], { cwd: folder, encoding: 'utf8' })
// Times differ, and where the page and this test lie. The package's own lines of a stack are "…" on the page.
const comparable = (text) => text.replace(/\d+ ms/g, 'N ms').replaceAll(`${folder}/`, '').replaceAll('/home/you/invoices/', '')
  .split('\n').filter((line) => line !== '    …' && !/^ +at .*\/lib\/worker\//.test(line)).join('\n')

test('the README\'s program runs', () => assert.match(run('hash.js'), /^[0-9a-f]{64}\n$/))

test('the first pool prints what the page says', () => {
  const [, printed] = /^```console\n\$ node invoices\.js\n([^]*?)^```$/m.exec(page)
  assert.equal(comparable(run('invoices.js')), comparable(printed))
})

test('the options of the page are options', () => {
  assert.equal(run('limits.js'), 'Invoice 4: 2 instalments of 2.50\n')
})

test('buffers are moved in place', () => {
  const [, printed] = /console\.log\(.*\) \/\/ ([\d ]+): /.exec(page)
  assert.equal(run('invert.js').trim(), printed)
})
