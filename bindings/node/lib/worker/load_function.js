'use strict'
const { pathToFileURL } = require('node:url')

const found = new Map()

class NoFunction extends Error {}

// What a module has by inheritance (call, constructor, toString) it does not export.
const exportOf = (exported, name) => Object.hasOwn(exported, name) ? exported[name] : undefined

// As TypeScript's import() of CommonJS: module.exports is "default", its properties are the named exports.
async function load (filename, name, ownOnly) {
  const get = ownOnly ? exportOf : (exported) => exported[name]
  let handler
  try {
    const exported = await require(filename)
    handler = exported?.__esModule || name !== 'default' ? get(exported, name) : exported
  } catch {
    // No CommonJS, or none that loads: the error that counts is import()'s.
  }
  if (typeof handler !== 'function') handler = get(await import(pathToFileURL(filename).href), name)
  handler = await handler
  if (typeof handler !== 'function') throw new NoFunction(`No handler function exported from ${filename}`)
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
