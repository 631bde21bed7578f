'use strict'
// The options of one run, and of a pool's end.
const { unknownOption } = require('./known_options.js')
const { isFile } = require('./options.js')

const isObject = (value) => value !== null && typeof value === 'object'
const kOfRun = ['transferList', 'filename', 'name', 'signal']
const kOfClose = ['force']

/** What is wrong with them; null: nothing. */
function problemOfRun (options, warnsOnly) {
  if (!isObject(options)) return 'options must be an object'
  const { transferList, filename, name, signal } = options
  if (transferList !== undefined && !Array.isArray(transferList)) return 'transferList argument must be an Array'
  if (filename != null && !isFile(filename)) return 'filename argument must be a string'
  if (name != null && typeof name !== 'string') return 'name argument must be a string'
  if (signal != null && !isObject(signal)) return 'signal argument must be an object'
  return unknownOption(options, kOfRun, 'options', warnsOnly)
}

/** The same for close(). */
function problemOfClose (options, warnsOnly) {
  if (!isObject(options)) return 'options must be an object'
  if (options.force !== undefined && typeof options.force !== 'boolean') return 'force argument must be a boolean'
  return unknownOption(options, kOfClose, 'options', warnsOnly)
}

module.exports = { problemOfClose, problemOfRun }
