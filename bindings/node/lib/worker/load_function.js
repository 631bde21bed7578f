'use strict'
const path = require('node:path')
const { pathToFileURL } = require('node:url')

const found = new Map()
const failures = new Map() // by file: why require() could not load it, the first time

class NoFunction extends Error {}

// What a module has by inheritance (call, constructor, toString) it does not export.
const exportOf = (exported, name) => Object.hasOwn(exported, name) ? exported[name] : undefined

const functionsOf = (exported) => Object.keys(exported ?? {}).filter((one) => one !== 'module.exports' && typeof exported[one] === 'function')

function nothingSaid (name, modules) {
  const names = [...new Set(modules.flatMap(functionsOf))].sort()
  const wanted = name === 'default' ? 'it is no function itself and has no default export' : `it exports no function "${name}"`
  return names.length === 0 ? wanted : `${wanted}; there is ${names.join(', ')}`
}

// As TypeScript's import() of CommonJS: module.exports is "default", its properties are the named exports.
async function load (filename, name, ownOnly) {
  const get = ownOnly ? exportOf : (exported) => exported[name]
  let handler
  const modules = []
  try {
    // A relative path begins at the working directory, for require() as for import().
    const exported = await require(/^\.\.?[/\\]/.test(filename) ? path.resolve(filename) : filename)
    modules.push(exported)
    handler = exported?.__esModule || name !== 'default' ? get(exported, name) : exported
  } catch (error) {
    // No CommonJS, or none that loads: the error that counts is import()'s.
    if (!failures.has(filename)) failures.set(filename, error)
  }
  if (typeof handler !== 'function') {
    const exported = await import(pathToFileURL(filename).href).catch((error) => {
      // Node.js says this of an ES module that require() could not link, instead of what it misses.
      throw error?.code === 'ERR_INTERNAL_ASSERTION' ? failures.get(filename) ?? error : error
    })
    modules.push(exported)
    handler = get(exported, name)
  }
  handler = await handler
  if (typeof handler !== 'function') throw new NoFunction(`No handler function exported from ${filename}: ${nothingSaid(name, modules)}`)
  found.set(`${name}/${filename}`, handler)
  return handler
}

/** The function that `filename` exports under `name`, or a promise of it when it is asked for the first time.
 * @param {boolean} [ownOnly] only what the module itself exports, and nothing that an exported object inherits */
function loadFunction (filename, name, ownOnly) {
  return found.get(`${name}/${filename}`) ?? load(filename, name, ownOnly)
}

/** Loads what the pool names, so that its first task need not wait for it. That it has no such function says nothing yet:
 * each task may name its own. */
async function preload (filename, name) {
  try {
    if (filename !== null) await loadFunction(filename, name)
  } catch (error) {
    if (!(error instanceof NoFunction)) throw error
  }
}

module.exports = { loadFunction, preload }
