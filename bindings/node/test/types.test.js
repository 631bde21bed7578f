'use strict'
// The types, where there is a TypeScript, from 4.8 on: RINGMASTER_TYPESCRIPT names the package's folder, else it is one
// that Node.js finds, or Debian's node-typescript.
const assert = require('node:assert/strict')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { createRequire } = require('node:module')
const { test } = require('node:test')

const given = process.env.RINGMASTER_TYPESCRIPT
const home = (given === undefined ? ['typescript', '/usr/share/nodejs/typescript'] : [given]).map((one) => {
  try {
    return path.dirname(createRequire(__filename).resolve(path.join(one, 'package.json')))
  } catch {
    return undefined
  }
}).find((one) => one !== undefined)

const unlessTyped = { skip: home === undefined && 'there is no TypeScript here' }

// What the compiler has against `files`.
function problemsOf (files, settings) {
  const ts = require(home)
  const typeRoots = [path.join(home, '../@types')]
  const hasNode = fs.existsSync(path.join(typeRoots[0], 'node'))
  const options = { noEmit: true, strict: true, target: ts.ScriptTarget.ES2022, esModuleInterop: true, types: hasNode ? ['node'] : [], typeRoots, ...settings(ts) }
  const all = ts.getPreEmitDiagnostics(ts.createProgram([...files, ...(hasNode ? [] : [path.join(__dirname, 'types/node.d.ts')])], options))
  const kNoSuchTypes = 2688
  // Debian's @types/node lacks packages that it names.
  const problems = all.filter(({ file, code }) => !(file?.fileName.includes('/@types/node/') || (code === kNoSuchTypes && !hasNode)))
  return ts.formatDiagnostics(problems, { getCurrentDirectory: () => __dirname, getCanonicalFileName: (name) => name, getNewLine: () => '\n' })
}

test('types', unlessTyped, () => {
  assert.equal(problemsOf([path.join(__dirname, 'types/use.ts')], (ts) => ({
    module: ts.ModuleKind.Node16,
    moduleResolution: ts.ModuleResolutionKind.Node16,
    baseUrl: path.join(__dirname, '..'),
    paths: { ringmaster: ['types/index.d.ts'], 'ringmaster/piscina': ['types/piscina.d.ts'] }
  })), '')
})

test('types of the installed package, by each way of finding them', unlessTyped, () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rm-types-'))
  try {
    fs.mkdirSync(path.join(folder, 'node_modules'))
    fs.symlinkSync(path.join(__dirname, '..'), path.join(folder, 'node_modules/ringmaster'))
    const text = `import Piscina, { FixedQueue } from 'ringmaster/piscina'
      import { Pool } from 'ringmaster'
      export const pools: Pool[] = [new Pool(), new Piscina({ taskQueue: new FixedQueue() })]`
    const [common, module, plain] = ['common.cts', 'module.mts', 'plain.ts'].map((name) => path.join(folder, name))
    for (const file of [common, module, plain]) fs.writeFileSync(file, text)
    assert.equal(problemsOf([common, module], (ts) => ({ module: ts.ModuleKind.Node16, moduleResolution: ts.ModuleResolutionKind.Node16 })), '')
    assert.equal(problemsOf([plain], (ts) => ({ module: ts.ModuleKind.CommonJS, moduleResolution: ts.ModuleResolutionKind.NodeJs })), '', 'as before exports')
    if (require(home).ModuleResolutionKind.Bundler === undefined) return // TypeScript before 5.0
    assert.equal(problemsOf([plain], (ts) => ({ module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler })), '')
  } finally {
    fs.rmSync(folder, { recursive: true, force: true })
  }
})

test('the default export is the class, for modules of all kinds', async () => {
  const Piscina = require('../lib/piscina.js')
  assert.equal(Piscina.default, Piscina)
  assert.equal((await import('../lib/piscina.mjs')).default, Piscina)
})

test('every name that the modules export has a type', () => {
  for (const name of ['index', 'piscina']) {
    const text = fs.readFileSync(path.join(__dirname, `../types/${name}.d.ts`), 'utf8')
    for (const key of Object.getOwnPropertyNames(require(`../lib/${name}.js`)).filter((one) => !['length', 'prototype', 'name', 'default'].includes(one))) assert.ok(new RegExp(`\\b${key}\\b`).test(text), `${name}: ${key}`)
  }
})
