'use strict'
// What goes as text arrives as structured clone would have it arrive; all else is left to structured clone.
const assert = require('node:assert')
const { test } = require('node:test')
const v8 = require('node:v8')
const { fromText, toText } = require('../lib/plain_text.js')

const shared = { a: 1 }
const round = { name: 'round' }
round.self = round

// Of another prototype than their own.
const builtIns = [new Map([[1, 2]]), new Set([1]), new Date(), /x/, new Error('x'), Object('text'), Object(1), new Uint8Array(2), new ArrayBuffer(2), Promise.resolve()]
builtIns.forEach((one) => Object.setPrototypeOf(one, Object.prototype))

test('plain values arrive as they are', () => {
  const plain = [undefined, null, true, 0, -1.5, 1e300, 2 ** 53, '', 'grün \u{1f600} \ud800 "\\\n', [], [1, [2, 'x']], { a: 1, b: { c: [null] } },
    { 2: 'two', 1: 'one', a: 'a' }, { toJSON: 1 }, ['/tasks.js', 'render', { id: 7 }]]
  for (const value of plain) {
    const text = toText(value)
    assert.strictEqual(typeof text, 'string')
    assert.deepStrictEqual(fromText(text), v8.deserialize(v8.serialize(value)))
  }
})

test('what JSON would change is no text', () => {
  const others = [-0, NaN, Infinity, 1n, () => {}, Symbol('s'), { a: undefined }, [undefined], new Array(1), [,, 1], new Date(0), new Map(), /x/,
    new Error('x'), new (class Own {})(), new (class extends Array {})(), Object.create(null), Object.create({ a: 1 }), Object('boxed'), Buffer.from('x'),
    new ArrayBuffer(1), Object.assign([1], { extra: 1 }), Object.assign([,], { extra: 1 }), JSON.parse('{"__proto__": {"a": 1}}'), { toJSON () { return 1 } }, [shared, shared], round,
    new Proxy({}, {}), new Proxy([], {}), {}, (function () { return arguments })(1), ...builtIns, { get a () { return 1 } }, 'x'.repeat(1025), new Array(65).fill(0), { text: '\n'.repeat(600) }]
  others.forEach((value, at) => assert.strictEqual(toText(value), undefined, `number ${at}`))
})

test('a getter is not called for it', () => {
  let reads = 0
  assert.strictEqual(toText({ get a () { return ++reads } }), undefined)
  assert.strictEqual(toText(Object.defineProperty([1], 0, { get: () => ++reads, enumerable: true })), undefined)
  assert.strictEqual(reads, 0)
})

test('keys that objects have by themselves are as good as others, also where those are frozen or have setters', (t) => {
  const setter = { set (value) { throw new Error('called') }, get: () => undefined, configurable: true }
  t.after(() => { delete Object.prototype.q })
  Object.defineProperty(Object.prototype, 'q', setter)
  assert.deepStrictEqual(JSON.parse(toText({ q: 5, toString: 1, constructor: 'x' })).toString, 1)
  assert.strictEqual(toText({ q: 5, z: 1 }), '{"q":5,"z":1}')
})

test('a program whose objects have a toJSON gets structured clone', (t) => {
  t.after(() => { delete Object.prototype.toJSON })
  Object.defineProperty(Object.prototype, 'toJSON', { value: () => 'changed', configurable: true })
  assert.strictEqual(toText({ a: 1 }), undefined)
})
