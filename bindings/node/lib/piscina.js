'use strict'
// piscina's names for this package's things: `import Piscina from 'ringmaster/piscina'`.
const context = require('./context.js')
const { kWarnsOnly } = require('./known_options.js')
const { kQueueOptions, kTransferable, kValue, move } = require('./movable.js')
const { Pool } = require('./pool.js')
const { ArrayTaskQueue, FixedQueue } = require('./task_queue.js')

// The interface of piscina that this is.
const version = '5.3.2'

// For what TypeScript makes of `import Piscina` without esModuleInterop. No property of the class's own: piscina has none.
class WithDefault extends Pool {
  static get default () { return Piscina }
}

class Piscina extends WithDefault {
  static get [kWarnsOnly] () { return true }
  static get isWorkerThread () { return context.isWorkerThread }
  static get workerData () { return context.workerData }
  static get version () { return version }
  static get Piscina () { return Piscina }
  static get FixedQueue () { return FixedQueue }
  static get ArrayTaskQueue () { return ArrayTaskQueue }
  static get transferableSymbol () { return kTransferable }
  static get valueSymbol () { return kValue }
  static get queueOptionsSymbol () { return kQueueOptions }
  static move (value) { return move(value) }
}

module.exports = Piscina
