'use strict'
// The types, where there is a TypeScript: RINGMASTER_TYPESCRIPT names the package's folder, else one that Node.js finds.
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { createRequire } = require('node:module')
const { test } = require('node:test')

function typescript () {
  try {
    return require(process.env.RINGMASTER_TYPESCRIPT ?? 'typescript')
  } catch {
    return null
  }
}
const ts = typescript()

test('types', { skip: ts === null && 'there is no TypeScript here' }, () => {
  const root = path.join(__dirname, '..')
  const home = path.dirname(createRequire(__filename).resolve(path.join(process.env.RINGMASTER_TYPESCRIPT ?? 'typescript', 'package.json')))
  const options = {
    noEmit: true,
    strict: true,
    skipLibCheck: false,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.Node16,
    moduleResolution: ts.ModuleResolutionKind.Node16,
    esModuleInterop: true,
    types: ['node'],
    typeRoots: [path.join(home, '../@types')],
    baseUrl: root,
    paths: { ringmaster: ['types/index.d.ts'], 'ringmaster/piscina': ['types/piscina.d.ts'] }
  }
  const program = ts.createProgram([path.join(__dirname, 'types/use.ts')], options)
  const problems = ts.getPreEmitDiagnostics(program)
  assert.equal(problems.length, 0, ts.formatDiagnostics(problems, { getCurrentDirectory: () => root, getCanonicalFileName: (name) => name, getNewLine: () => '\n' }))
})

test('every name that the modules export has a type', () => {
  for (const name of ['index', 'piscina']) {
    const text = fs.readFileSync(path.join(__dirname, `../types/${name}.d.ts`), 'utf8')
    for (const key of Object.getOwnPropertyNames(require(`../lib/${name}.js`)).filter((one) => !['length', 'prototype', 'name', 'default'].includes(one))) assert.ok(new RegExp(`\\b${key}\\b`).test(text), `${name}: ${key}`)
  }
})
