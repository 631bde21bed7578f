'use strict'
// Names of options. One that is not known is misspelt, or another version's, and would do nothing: that is told.

/** Of a class of pools: such options are warned of once, instead of refused. piscina ignores them without a word. */
const kWarnsOnly = Symbol('kWarnsOnly')

const warned = new Set()

function warnOnce (sentence) {
  if (!warned.has(sentence)) process.emitWarning(sentence, 'RingmasterWarning')
  warned.add(sentence)
}

// Insertions, deletions and replacements between two words.
function distance (a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let i = 1; i <= a.length; ++i) {
    const next = [i]
    for (let j = 1; j <= b.length; ++j) next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1))
    row = next
  }
  return row[b.length]
}

// What others call a pool's processes, and this and piscina call threads.
const wordsOf = (name) => name.toLowerCase().replace(/(worker|process(e(?=s))?|child)/, 'thread')

// What other pools call it.
const kElsewhere = {
  timeout: 'runTimeout', tasktimeout: 'runTimeout', timelimit: 'runTimeout', maxmemory: 'memoryMax', memorylimit: 'memoryMax',
  maxmemorylimitbeforerecycle: 'memoryMax', retry: 'retries', concurrency: 'maxThreads', size: 'maxThreads', max: 'maxThreads', min: 'minThreads',
  maxtasksperchild: 'recycle', file: 'filename', script: 'filename', nice: 'niceIncrement'
}

/** The known name that is probably meant; undefined: none is near. */
function nearest (name, known) {
  const elsewhere = kElsewhere[name.toLowerCase()]
  if (known.includes(elsewhere)) return elsewhere
  const words = wordsOf(name)
  const ranked = known.map((one) => [distance(words, one.toLowerCase()), one]).sort(([a], [b]) => a - b)
  if (ranked[0][0] <= Math.max(1, words.length / 3)) return ranked[0][1]
  return known.find((one) => words.length > 3 && (one.toLowerCase().includes(words) || words.includes(one.toLowerCase())))
}

/**
 * @param {object} options
 * @param {string[]} known
 * @param {string} what they are called in the sentence
 * @returns {string | null} of an own option that has a value and is not known; null: there is none, or it `warnsOnly`
 */
function unknownOption (options, known, what, warnsOnly) {
  if (Array.isArray(options)) return tell(`${what} must be an object, and no array${known.includes('transferList') ? ': { transferList: [buffer] }' : ''}`, warnsOnly)
  for (const name in options) {
    if (known.includes(name) || !Object.hasOwn(options, name) || options[name] === undefined) continue
    const meant = nearest(name, known)
    const told = tell(`${what}.${name} is not known; ${meant !== undefined ? `did you mean ${meant}?` : `there are ${known.join(', ')}`}`, warnsOnly)
    if (told !== null) return told
  }
  return null
}

function tell (sentence, warnsOnly) {
  if (!warnsOnly) return sentence
  warnOnce(`${sentence} It is ignored.`.replace(/([^?.]) It is/, '$1. It is'))
  return null
}

module.exports = { kWarnsOnly, unknownOption, warnOnce }
