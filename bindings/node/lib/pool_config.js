'use strict'
// A pool's options as a daemon has them.
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')

const kForEver = 24 * 3600 * 1000 // Milliseconds; the daemon's deadlines have an end.
const kMostTries = 15
const kBudget = 100000
const kMostProcesses = 256 // of one pool, its spares among them

// Of this process's own options those that are a worker's too: not its program text, its tests or its debugger.
const kOwnWithValue = /^(-e|--eval|-p|--print|-pe)$/
const kOwn = /^(-c|--check|-i|--interactive|--(eval|print)=[^]*|--input-type.*|--test.*|--watch.*|--inspect.*)$/
function inheritedFlags (flags) {
  const kept = []
  for (let i = 0; i < flags.length; ++i) {
    if (kOwnWithValue.test(flags[i])) ++i
    else if (!kOwn.test(flags[i])) kept.push(flags[i])
  }
  return kept
}

// What a process reads before its first script; the rest of the environment is set by boot.js.
const kEarly = /^(NODE_|HOME$|LD_|TZ$|LANG$|LC_|MALLOC_|[A-Z]+SAN_OPTIONS$)/
// Of these, what a daemon is told that is not this process's own: no secret, such as NODE_AUTH_TOKEN. docs/node.md has this
// list.
const kHarmless = /^(NODE_(OPTIONS|PATH|EXTRA_CA_CERTS|ICU_DATA|NO_WARNINGS)|HOME|LD_LIBRARY_PATH|LD_PRELOAD|TZ|LANG|LC_\w+|MALLOC_\w+|[A-Z]+SAN_OPTIONS)$/

/** The environment of a pool's workers. */
const environmentOf = (options) => options.env !== null && typeof options.env === 'object' ? { ...options.env } : { ...process.env }

const kMostMb = 2 ** 20
const wholeMb = (mb) => Math.min(kMostMb, Math.max(1, Math.floor(mb)))

// V8 believes its flag, and the process dies where its stack ends before. Workers have this process's limit.
function mostStackMb () {
  const [, bytes] = /^Max stack size +(\d+)/m.exec(fs.readFileSync('/proc/self/limits', 'latin1')) ?? []
  return bytes === undefined ? Infinity : Math.max(1, bytes / 2 ** 20 - 1)
}

function commandOf (options, boot) {
  const heap = options.resourceLimits ?? {}
  const flags = options.execArgv ? [...options.execArgv] : inheritedFlags(process.execArgv)
  if (heap.maxOldGenerationSizeMb > 0) flags.push(`--max-old-space-size=${wholeMb(heap.maxOldGenerationSizeMb)}`)
  if (heap.maxYoungGenerationSizeMb > 0) flags.push(`--max-semi-space-size=${wholeMb(heap.maxYoungGenerationSizeMb / 3)}`)
  if (heap.stackSizeMb > 0) flags.push(`--stack-size=${Math.floor(Math.min(heap.stackSizeMb, mostStackMb()) * 1000)}`)
  return [process.execPath, ...flags, path.join(__dirname, 'worker/boot.js'), boot]
}

// JSON's texts are TOML's but for this character.
const toml = (value) => JSON.stringify(value).replaceAll('\x7f', '\\u007f')
const lines = (of) => Object.entries(of).map(([key, value]) => `${toml(key)} = ${toml(value)}\n`).join('')

const sizeOf = (bytes) => `${Math.ceil(bytes)}B`

// A process costs more to start than a thread: where idle threads would end at once, a process stays for so long.
const kLeastIdle = 1000
const idleTimeout = (ms) => ms === Infinity ? '0s' : `${Math.min(Math.max(Math.ceil(ms), kLeastIdle), kForEver)}ms`

/** How many processes are to work, as long as there is work for them: {min, max}. */
function sizeOfPool ({ minThreads, maxThreads, spares }) {
  const max = Math.max(1, Math.min(Math.ceil(maxThreads), kMostProcesses - spares))
  return { min: Math.min(max, Math.max(1, Math.ceil(minThreads))), max }
}

/**
 * @param {string} boot the file that its workers read
 * @param {boolean} isPrivate for a daemon of this process's own
 */
function poolConfig (options, boot, isPrivate) {
  const o = options
  const runTimeout = o.runTimeout || kForEver
  const early = Object.entries(environmentOf(o)).filter(([key]) => (isPrivate ? kEarly : kHarmless).test(key)).map(([key, value]) => [key, String(value)])
  const pool = {
    command: commandOf(o, boot),
    idle_timeout: idleTimeout(o.idleTimeout),
    spares: o.spares,
    nice: Math.min(19, Math.max(0, os.getPriority() + o.niceIncrement)),
    working_directory: process.cwd(),
    run_timeout: `${runTimeout}ms`, // How often the daemon looks at running tasks follows from it.
    max_timeout: `${kForEver}ms`,
    grace: `${Math.min(o.killGrace, runTimeout)}ms`,
    retries: Math.min(kMostTries, Math.ceil(o.retries) + 1), // The daemon counts the workers that a task may end.
    leftovers: 'keep', // As threads do: a task may start what outlives it.
    ...(o.memoryMax && { memory_max: sizeOf(o.memoryMax) })
  }
  // Whose tasks end their workers is this program itself: it is told of each, and never set aside for them.
  return `${lines(pool)}[environment]\n${lines(Object.fromEntries(early))}` +
    `[restart]\n${lines({ budget: kBudget, backoff_max: '1s' })}` +
    `[recycle]\n${lines({ max_jobs: o.recycle ?? 0, max_rss: sizeOf(o.memoryMax ?? 0) })}`
}

module.exports = { environmentOf, kMostProcesses, poolConfig, sizeOfPool }
