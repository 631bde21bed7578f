'use strict'
// The types, where there is a TypeScript, from 4.8 on: RINGMASTER_TYPESCRIPT names the package's folder, else it is one
// that Node.js finds, or Debian's node-typescript.
const assert = require('node:assert/strict')
const fs = require('node:fs')
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

test('types', { skip: home === undefined && 'there is no TypeScript here' }, () => {
  const ts = require(home)
  const root = path.join(__dirname, '..')
  const typeRoots = [path.join(home, '../@types')]
  const hasNode = fs.existsSync(path.join(typeRoots[0], 'node'))
  const options = {
    noEmit: true,
    strict: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.Node16,
    moduleResolution: ts.ModuleResolutionKind.Node16,
    esModuleInterop: true,
    types: hasNode ? ['node'] : [],
    typeRoots,
    baseUrl: root,
    paths: { ringmaster: ['types/index.d.ts'], 'ringmaster/piscina': ['types/piscina.d.ts'] }
  }
  const files = ['types/use.ts', ...(hasNode ? [] : ['types/node.d.ts'])].map((file) => path.join(__dirname, file))
  const all = ts.getPreEmitDiagnostics(ts.createProgram(files, options))
  const kNoSuchTypes = 2688
  // Debian's @types/node lacks packages that it names.
  const problems = all.filter(({ file, code }) => !(file?.fileName.includes('/@types/node/') || (code === kNoSuchTypes && !hasNode)))
  assert.equal(problems.length, 0, ts.formatDiagnostics(problems, { getCurrentDirectory: () => root, getCanonicalFileName: (name) => name, getNewLine: () => '\n' }))
})

test('every name that the modules export has a type', () => {
  for (const name of ['index', 'piscina']) {
    const text = fs.readFileSync(path.join(__dirname, `../types/${name}.d.ts`), 'utf8')
    for (const key of Object.getOwnPropertyNames(require(`../lib/${name}.js`)).filter((one) => !['length', 'prototype', 'name', 'default'].includes(one))) assert.ok(new RegExp(`\\b${key}\\b`).test(text), `${name}: ${key}`)
  }
})
