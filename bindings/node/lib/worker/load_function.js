'use strict'
const { pathToFileURL } = require('node:url')

const found = new Map()

class NoFunction extends Error {}

// As TypeScript's import() of CommonJS: module.exports is "default", its properties are the named exports.
async function load (filename, name) {
  let handler
  try {
    const exported = await require(filename)
    handler = exported?.__esModule || name !== 'default' ? exported[name] : exported
  } catch {
    // No CommonJS, or none that loads: the error that counts is import()'s.
  }
  if (typeof handler !== 'function') handler = (await import(pathToFileURL(filename).href))[name]
  handler = await handler
  if (typeof handler !== 'function') throw new NoFunction(`No handler function exported from ${filename}`)
  found.set(`${name}/${filename}`, handler)
  return handler
}

/** The function that `filename` exports under `name`, or a promise of it when it is asked for the first time. */
function loadFunction (filename, name) {
  return found.get(`${name}/${filename}`) ?? load(filename, name)
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
