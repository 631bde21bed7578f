'use strict'
// A burst of invoices at a running server, all at once, while /healthz is asked all the time.
// node load.js URL [--count 200] [--poison loop | crash]   with --poison the first of them is a poisoned one
const http = require('node:http')
const { parseArgs } = require('node:util')

const kPatience = 15_000 // ms until a request counts as failed
const kHealthEvery = 10 // ms

const poisons = {
  none: {},
  loop: { instalment: 0 }, // However many of them: the total stays open.
  crash: { reference: 'x'.repeat(41) }
}

/** An invoice of 40 items, the same for the same number; `poison` is one of the names above. */
function invoiceOf (number, poison = 'none') {
  const items = Array.from({ length: 40 }, (_, i) => ({
    what: `Article ${(number * 7 + i * 13) % 1000}`, quantity: 1 + i % 5, price: (number * 31 + i * 17) % 9973 * 10
  }))
  return { number, customer: `Customer ${number % 50}`, reference: `RM-${number}`, items, ...poisons[poison] }
}

/** One request. Its time in ms, whether it was answered with status 200, and what was said otherwise; never rejects. */
function ask (url, agent, body) {
  const start = performance.now()
  return new Promise((resolve) => {
    const end = (ok, said) => resolve({ ok, ms: performance.now() - start, said })
    const request = http.request(url, { agent, method: body === undefined ? 'GET' : 'POST', signal: AbortSignal.timeout(kPatience) })
    const fail = () => end(false, 'no answer')
    request.on('error', fail)
    request.on('response', (response) => {
      const ok = response.statusCode === 200
      let said = ''
      if (ok) response.resume()
      else response.setEncoding('utf8').on('data', (text) => { said += text })
      response.on('end', () => end(ok, said.trim())).on('error', fail)
    })
    request.end(body)
  })
}

/** Asks /healthz every 10 ms until `isOver()`. One that is answered late counts for all that would have been asked
 * meanwhile; one that is not answered ends it, and there are no times then. */
async function watchHealth (url, isOver) {
  const agent = new http.Agent({ keepAlive: true })
  const times = []
  while (!isOver()) {
    const { ok, ms } = await ask(`${url}/healthz`, agent)
    if (!ok) {
      times.length = 0
      break
    }
    for (let late = ms; late > 0; late -= kHealthEvery) times.push(late)
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, kHealthEvery - ms)))
  }
  agent.destroy()
  return times
}

const percentile = (times, share) => times.sort((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * share))]

/** Times are in milliseconds, and undefined where nothing was answered. `failed` does not count the poisoned one, and
 * `poisoned` is what was said of that. */
async function burst (url, { count = 200, poison = 'none' } = {}) {
  const agent = new http.Agent({ keepAlive: true })
  let over = false
  const health = watchHealth(url, () => over)
  const requests = Array.from({ length: count }, (_, i) => {
    return ask(`${url}/invoices`, agent, JSON.stringify(invoiceOf(i + 1, i === 0 ? poison : 'none')))
  })
  const answers = await Promise.all(requests)
  over = true
  agent.destroy()
  const others = poison === 'none' ? answers : answers.slice(1)
  return {
    ...(poison !== 'none' && { poisoned: answers[0].said }),
    failed: others.filter(({ ok }) => !ok).length,
    p95_ms: percentile(others.filter(({ ok }) => ok).map(({ ms }) => ms), 0.95),
    healthz_p99_ms: percentile(await health, 0.99)
  }
}

module.exports = { burst, invoiceOf }

if (require.main === module) {
  const { values, positionals: [url] } = parseArgs({
    allowPositionals: true, options: { count: { type: 'string', default: '200' }, poison: { type: 'string', default: 'none' } }
  })
  if (url === undefined || !Object.hasOwn(poisons, values.poison)) {
    console.error('usage: node load.js URL [--count 200] [--poison loop | crash]')
    process.exit(2)
  }
  const isThere = async () => {
    if ((await ask(`${url}/healthz`)).ok) return
    console.error(`load: nobody answers on ${url}: start the server first, node server.js ringmaster PORT`)
    process.exit(1)
  }
  isThere().then(() => burst(url, { count: Number(values.count), poison: values.poison })).then(({ poisoned, ...figures }) => {
    if (poisoned !== undefined) console.log(`The poisoned invoice: ${poisoned.startsWith('{') ? JSON.parse(poisoned).error : poisoned}\nThe others:`)
    console.log(figures)
  })
}
