'use strict'
const { createHistogram } = require('node:perf_hooks')

const percentiles = { p0_001: 0.001, p0_01: 0.01, p0_1: 0.1, p1: 1, p2_5: 2.5, p10: 10, p25: 25, p50: 50, p75: 75, p90: 90, p97_5: 97.5, p99: 99, p99_9: 99.9, p99_99: 99.99, p99_999: 99.999 }

/** Of times: recorded and shown in milliseconds, kept in microseconds. */
class TimeHistogram {
  #kept = createHistogram()

  record (ms) { this.#kept.record(Math.max(1, Math.trunc(ms * 1000))) }
  reset () { this.#kept.reset() }
  get count () { return this.#kept.count }

  get summary () {
    const { mean, stddev, min, max } = this.#kept
    const summary = { average: mean / 1000, mean: mean / 1000, stddev: stddev / 1000, min: min / 1000, max: max / 1000 }
    for (const [name, of] of Object.entries(percentiles)) summary[name] = this.#kept.percentile(of) / 1000
    return summary
  }
}

/** What a pool measures of its tasks: how long they waited for a worker, and how long that took. */
class PoolHistogram {
  #run = new TimeHistogram()
  #wait = new TimeHistogram()

  recordRun (ms) { this.#run.record(ms) }
  recordWait (ms) { this.#wait.record(ms) }
  get runCount () { return this.#run.count }
  get runTime () { return this.#run.summary }
  get waitTime () { return this.#wait.summary }
  resetRunTime () { this.#run.reset() }
  resetWaitTime () { this.#wait.reset() }
}

module.exports = { PoolHistogram, TimeHistogram }
