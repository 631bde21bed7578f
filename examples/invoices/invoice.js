'use strict'
// Makes one invoice. The pools run this in a thread or process of theirs; in-process it is an ordinary function.
const PDFDocument = require('pdfkit')

const money = (cents) => (cents / 100).toFixed(2)

// Two faults, as real makers have them: most data never meets them, and one invoice may stop everything.

/** How many instalments pay `total` off. For one that does not divide it this loops for ever. */
function instalmentsOf (total, amount) {
  let count = 0
  for (let open = total; open !== 0; open -= amount) ++count
  return count
}

/** Draws `reference` as bars. In the place of a native library that writes beyond its buffer: too long a reference is a
 * segmentation fault. */
function drawBars (document, reference) {
  if (reference.length > 40) process.kill(process.pid, 'SIGSEGV')
  let x = 40
  for (const letter of reference) {
    for (let bit = 0; bit < 7; ++bit, x += 1.5) {
      if (letter.charCodeAt(0) & (1 << bit)) document.rect(x, 760, 1, 30).fill()
    }
  }
}

/**
 * @param {{number: number, customer: string, reference: string, instalment?: number,
 *   items: {what: string, quantity: number, price: number}[]}} invoice amounts are in cents
 * @returns {Promise<Uint8Array>} the PDF
 */
module.exports = function makeInvoice ({ number, customer, reference, instalment, items }) {
  const document = new PDFDocument({ size: 'A4', margin: 40 })
  const chunks = []
  document.on('data', (chunk) => chunks.push(chunk))
  const ended = new Promise((resolve, reject) => document.on('end', resolve).on('error', reject))

  document.fontSize(20).text(`Invoice ${number}`).fontSize(10).text(customer).moveDown()
  let total = 0
  for (const { what, quantity, price } of items) {
    total += quantity * price
    document.text(what, { continued: true }).text(`${quantity} x ${money(price)}`, { align: 'right' })
    document.moveTo(40, document.y).lineTo(555, document.y).strokeColor('#ccc').stroke()
  }
  document.moveDown().fontSize(12).text(`Total ${money(total)}`, { align: 'right' })
  if (instalment !== undefined) {
    document.text(`in ${instalmentsOf(total, instalment)} instalments of ${money(instalment)}`, { align: 'right' })
  }
  drawBars(document, reference)
  document.end()
  return ended.then(() => new Uint8Array(Buffer.concat(chunks)))
}
