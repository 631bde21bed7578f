// piscina's names for this package's things.
import { Pool, ArrayTaskQueue, FixedQueue, move, isWorkerThread, workerData, transferableSymbol, valueSymbol,
  queueOptionsSymbol } from './index.js'

declare class Piscina<T = any, R = any> extends Pool<T, R> {
  static get isWorkerThread (): boolean
  static get workerData (): any
  static get version (): string
  static get Piscina (): typeof Piscina
  static get FixedQueue (): typeof FixedQueue
  static get ArrayTaskQueue (): typeof ArrayTaskQueue
  static move: typeof move
  static get transferableSymbol (): typeof transferableSymbol
  static get valueSymbol (): typeof valueSymbol
  static get queueOptionsSymbol (): typeof queueOptionsSymbol
}
declare const version: string

export default Piscina
export { Piscina, ArrayTaskQueue, FixedQueue, move, isWorkerThread, workerData, version, transferableSymbol, valueSymbol,
  queueOptionsSymbol }
export type { PiscinaTask, TaskQueue, Task, PoolWorker as PiscinaWorker, LoadBalancer as PiscinaLoadBalancer,
  Histogram as PiscinaHistogram, HistogramSummary as PiscinaHistogramSummary } from './index.js'
