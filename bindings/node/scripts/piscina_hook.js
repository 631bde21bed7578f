'use strict'
// Loaded first in each process of piscina's tests: compiles TypeScript as it is imported, puts this package where they
// import piscina, and runs only one test of a file, since one that fails may leave its process blocked for ever.
const fs = require('node:fs')
const path = require('node:path')
const Module = require('node:module')

module.exports = function (checkout, original) {
  const ours = {
    'dist/main.js': () => require('../lib/piscina.js'),
    'dist/index.js': () => require('../lib/piscina.js'),
    'dist/common.js': (theirs) => ({ ...theirs, ...require('../lib/movable.js') })
  }
  const load = Module._extensions['.js']
  Module._extensions['.js'] = (module, filename) => {
    const stand = original ? undefined : ours[path.relative(checkout, filename)]
    if (stand === undefined) return load(module, filename)
    if (stand.length > 0) load(module, filename)
    module.exports = stand(module.exports)
  }
  Module._extensions['.ts'] = (module, filename) => {
    const ts = Module.createRequire(path.join(checkout, 'package.json'))('typescript')
    const { outputText } = ts.transpileModule(fs.readFileSync(filename, 'utf8'), {
      fileName: filename,
      compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, esModuleInterop: true, inlineSourceMap: true }
    })
    module._compile(outputText, filename)
  }
  const { PISCINA_SUITE_ONLY: only } = process.env
  delete process.env.PISCINA_SUITE_ONLY
  if (only === undefined) return
  const loadModule = Module._load
  Module._load = function (request, ...rest) {
    const loaded = loadModule.call(this, request, ...rest)
    return request === 'node:test' ? oneTest(loaded, only) : loaded
  }
}

// `only`: the number of the test to run, or "?": their names are printed instead.
function oneTest (runner, only) {
  let number = 0
  const test = (name, ...rest) => {
    if (only === '?') console.log(`name: ${name}`)
    else if (String(number++) === only) return runner.test(name, ...rest)
  }
  return { ...runner, test, default: test }
}
