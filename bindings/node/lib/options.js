'use strict'
// A pool's options: what may be given, and what holds where nothing is.
const os = require('node:os')
const { fileURLToPath } = require('node:url')
const { unknownOption } = require('./known_options.js')
const { isTaskQueue } = require('./task_queue.js')

const parallelism = os.availableParallelism?.() ?? os.cpus().length
const isNumber = (least) => (value) => typeof value === 'number' && value >= least
const isWhole = (least) => (value) => Number.isSafeInteger(value) && value >= least
const isUpTo = (least, most) => (value) => isNumber(least)(value) && value <= most
const isSize = (value) => isNumber(1)(value) && value <= Number.MAX_SAFE_INTEGER
const kMostTime = 24 * 3600 * 1000 // Milliseconds that a daemon's deadlines have.
const kMostTimer = 2 ** 31 - 1 // Milliseconds that a timer of Node.js has.
const isKind = (kind) => (value) => typeof value === kind
const isFile = (value) => typeof value === 'string' || value instanceof URL

// name: [whether a value is one, what is said of one that is not]
const rules = {
  filename: [(value) => value === null || isFile(value), 'must be a string or null'],
  name: [(value) => value === null || typeof value === 'string', 'must be a string or null'],
  minThreads: [isNumber(0), 'must be a non-negative integer'],
  maxThreads: [isNumber(1), 'must be a positive integer'],
  idleTimeout: [isNumber(0), 'must be a non-negative integer'],
  maxQueue: [(value) => value === 'auto' || isNumber(0)(value), 'must be a non-negative integer'],
  concurrentTasksPerWorker: [isNumber(1), 'must be a positive integer'],
  atomics: [(value) => value === null || ['sync', 'async', 'disabled'].includes(value), 'should be a value of sync, sync or disabled.'], // piscina's words
  useAtomics: [isKind('boolean'), 'must be a boolean value'],
  resourceLimits: [(value) => typeof value === 'object' && value !== null, 'must be an object'],
  taskQueue: [isTaskQueue, 'must be a TaskQueue object'],
  niceIncrement: [isWhole(0), 'must be a non-negative integer on Unix systems'],
  trackUnmanagedFds: [isKind('boolean'), 'must be a boolean value'],
  closeTimeout: [isNumber(0), 'must be a non-negative integer'],
  loadBalancer: [(value) => typeof value === 'function' && value.length >= 1, 'must be a function with at least two args'],
  workerHistogram: [isKind('boolean'), 'must be a boolean'],
  recordTiming: [isKind('boolean'), 'must be a boolean'],
  stricterFIFO: [isKind('boolean'), 'must be a boolean'],
  argv: [Array.isArray, 'must be an array'],
  execArgv: [Array.isArray, 'must be an array'],
  // What only processes can do.
  runTimeout: [isUpTo(0, kMostTime), 'must be a number of milliseconds, 24 hours at most; 0: no limit'],
  killGrace: [isUpTo(0, kMostTimer), 'must be a number of milliseconds, 24 days at most'],
  retries: [isNumber(0), 'must be a non-negative integer'],
  idempotent: [isKind('boolean'), 'must be a boolean'],
  memoryMax: [isSize, 'must be a number of bytes'],
  spares: [isWhole(0), 'must be a non-negative integer'],
  recycle: [isWhole(1), 'must be a positive integer; unset: never'],
  stack: [isKind('boolean'), 'must be a boolean'],
  requestBytes: [isSize, 'must be a number of bytes'],
  resultBytes: [isSize, 'must be a number of bytes'],
  spin: [isNumber(0), 'must be a number of microseconds'],
  resultCapacity: [isSize, 'must be a number of bytes'],
  socket: [(value) => value === null || typeof value === 'string', 'must be a path or null'],
  pool: [isKind('string'), 'must be a string']
}

const kKnown = [...Object.keys(rules), 'env', 'workerData', 'captureRejections', 'triggerAsyncId', 'requireManualDestroy'] // an event emitter's
const kLimits = ['maxOldGenerationSizeMb', 'maxYoungGenerationSizeMb', 'codeRangeSizeMb', 'stackSizeMb']

function check (options, warnsOnly) {
  for (const [name, [holds, says]] of Object.entries(rules)) {
    if (options[name] !== undefined && !holds(options[name])) throw new TypeError(`options.${name} ${says}`)
  }
  const unknown = unknownOption(options, kKnown, 'options', warnsOnly) ??
    unknownOption(options.resourceLimits, kLimits, 'options.resourceLimits', warnsOnly)
  if (unknown !== null) throw new TypeError(unknown)
  if (options.minThreads > options.maxThreads) throw new RangeError('options.minThreads and options.maxThreads must not conflict')
}

const defaults = {
  filename: null,
  name: 'default',
  minThreads: Math.max(Math.floor(parallelism / 2), 1),
  maxThreads: parallelism * 1.5,
  idleTimeout: 0,
  maxQueue: Infinity,
  concurrentTasksPerWorker: 1,
  atomics: 'sync',
  niceIncrement: 0,
  trackUnmanagedFds: true,
  closeTimeout: 30000,
  recordTiming: true,
  stricterFIFO: false,
  workerHistogram: false,
  runTimeout: 0,
  killGrace: 500,
  retries: 0,
  idempotent: false,
  spares: 0,
  stack: true,
  spin: 50,
  resultCapacity: 64 * 1024
}

const kLeastCapacity = 4096
const kResultBytes = 64 << 20 // Address space for results; pages are taken as they are needed.
const toPath = (filename) => filename instanceof URL || filename.startsWith('file:') ? fileURLToPath(filename) : filename

/** Checked, with defaults. Own properties only: nothing comes in by a prototype.
 * @param {boolean} warnsOnly of options that are not known */
function fill (given, warnsOnly = false) {
  if (!warnsOnly && (given === null || typeof given !== 'object' || Array.isArray(given))) throw new TypeError('options must be an object')
  given = Object.assign(Object.create(null), given)
  for (const name of Object.keys(given)) if (given[name] === undefined) delete given[name]
  check(given, warnsOnly)
  const options = Object.assign(Object.create(null), defaults, given)
  options.name ??= defaults.name
  options.filename = given.filename ? toPath(given.filename) : null
  if (given.maxThreads !== undefined) options.minThreads = Math.min(options.minThreads, given.maxThreads)
  if (given.minThreads !== undefined) options.maxThreads = Math.max(options.maxThreads, given.minThreads)
  // What a daemon can keep: whole milliseconds, ten at least.
  if (options.runTimeout > 0) options.runTimeout = Math.max(10, Math.ceil(options.runTimeout))
  options.killGrace = Math.ceil(options.killGrace)
  options.resultCapacity = Math.max(kLeastCapacity, options.resultCapacity)
  options.resultBytes ??= Math.max(kResultBytes, options.resultCapacity)
  if (options.resultCapacity > options.resultBytes) throw new RangeError('options.resultCapacity must not be more than options.resultBytes')
  if (given.maxQueue === 'auto') options.maxQueue = options.maxThreads ** 2
  return options
}

module.exports = { fill, isFile, kLeastCapacity, toPath }
