'use strict'
// node server.js [in-process | piscina | ringmaster] [PORT]
//   POST /invoices   an invoice as JSON (invoice.js says which); the answer is its PDF
//   GET /healthz     "ok": what a load balancer asks
const http = require('node:http')
const { makers } = require('./makers.js')

const variant = process.argv[2] ?? 'ringmaster'
if (!Object.hasOwn(makers, variant)) {
  console.error(`usage: node server.js [${Object.keys(makers).join(' | ')}] [PORT]`)
  process.exit(2)
}
const maker = makers[variant]()

async function bodyOf (request) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  return JSON.parse(Buffer.concat(chunks))
}

async function answerInvoice (request, response) {
  try {
    const pdf = await maker.make(await bodyOf(request))
    response.writeHead(200, { 'content-type': 'application/pdf', 'content-length': pdf.length }).end(pdf)
  } catch (error) {
    // A TaskError of ringmaster's says what became of the task: crashed, timed out ...
    const answer = { error: error.message, outcome: error.outcome }
    response.writeHead(500, { 'content-type': 'application/json' }).end(JSON.stringify(answer) + '\n')
  }
}

const server = http.createServer((request, response) => {
  if (request.url === '/healthz') response.end('ok\n')
  else if (request.method === 'POST' && request.url === '/invoices') answerInvoice(request, response)
  else response.writeHead(404).end()
})
server.listen(Number(process.argv[3] ?? 0), '127.0.0.1', () => {
  console.log(`${variant}: http://127.0.0.1:${server.address().port}`)
})

// What was asked for is answered; then nothing keeps the program alive.
process.once('SIGTERM', () => {
  server.close()
  server.closeIdleConnections()
  maker.close()
})
