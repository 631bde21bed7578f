// The types of `ringmaster`: a pool of supervised worker processes, with piscina 5's interface and what only processes
// can do.
/// <reference types="node" />
import { AsyncResource } from 'node:async_hooks'
import { EventEmitter } from 'node:events'
import { URL } from 'node:url'

/** What may stop a task: an AbortSignal, or an EventEmitter that emits 'abort'. */
export type AbortSignalAny = AbortSignalEventTarget | AbortSignalEventEmitter
export interface AbortSignalEventTarget {
  addEventListener: (name: 'abort', listener: () => void, options?: { once: boolean }) => void
  removeEventListener: (name: 'abort', listener: () => void) => void
  aborted?: boolean
  reason?: unknown
}
export interface AbortSignalEventEmitter {
  off: (name: 'abort', listener: () => void) => void
  once: (name: 'abort', listener: () => void) => void
}

export const transferableSymbol: unique symbol
export const valueSymbol: unique symbol
export const queueOptionsSymbol: unique symbol

/** An object that says which buffers go with it, and which value stands for it. */
export interface Transferable {
  readonly [transferableSymbol]: object
  readonly [valueSymbol]: object
}
export type TransferListItem = ArrayBuffer
export type TransferList = TransferListItem[]

export interface Task {
  readonly [queueOptionsSymbol]: object | null
}
export interface PiscinaTask extends Task {
  taskId: number
  filename: string
  name: string
  created: number
  isAbortable: boolean
}
/** Where tasks wait. Without unshift() a task that found no worker goes to the end. */
export interface TaskQueue {
  readonly size: number
  shift (): Task | null
  remove (task: Task): void
  push (task: Task): void
  unshift? (task: Task): void
}
export class ArrayTaskQueue implements TaskQueue {
  tasks: Task[]
  get size (): number
  shift (): Task | null
  push (task: Task): void
  unshift (task: Task): void
  remove (task: Task): void
}
export class FixedQueue implements TaskQueue {
  get size (): number
  isEmpty (): boolean
  shift (): Task | null
  push (task: Task): void
  unshift (task: Task): void
  remove (task: Task): void
}

/** Milliseconds. */
export interface HistogramSummary {
  average: number
  mean: number
  stddev: number
  min: number
  max: number
  p0_001: number
  p0_01: number
  p0_1: number
  p1: number
  p2_5: number
  p10: number
  p25: number
  p50: number
  p75: number
  p90: number
  p97_5: number
  p99: number
  p99_9: number
  p99_99: number
  p99_999: number
}
export interface Histogram {
  /** undefined with `recordTiming: false`. */
  readonly runTime: HistogramSummary
  readonly waitTime: HistogramSummary
  resetRunTime (): void
  resetWaitTime (): void
}

/** A worker as load balancers and events see it. */
export interface PoolWorker {
  readonly id: number
  readonly currentUsage: number
  readonly isRunningAbortableTask: boolean
  readonly histogram: HistogramSummary | null
  readonly terminating: boolean
  readonly destroyed: boolean
}
export type LoadBalancer = (task: PiscinaTask, workers: PoolWorker[]) => PoolWorker | null | undefined

export interface ResourceLimits {
  maxOldGenerationSizeMb?: number
  maxYoungGenerationSizeMb?: number
  codeRangeSizeMb?: number
  stackSizeMb?: number
}

/** What piscina has too. */
export interface SharedOptions {
  filename?: string | URL | null
  name?: string
  minThreads?: number
  maxThreads?: number
  idleTimeout?: number
  maxQueue?: number | 'auto'
  concurrentTasksPerWorker?: number
  /** Accepted; a worker process sleeps by other means. */
  atomics?: 'sync' | 'async' | 'disabled'
  resourceLimits?: ResourceLimits
  argv?: string[]
  execArgv?: string[]
  env?: NodeJS.Dict<string> | symbol
  workerData?: any
  taskQueue?: TaskQueue
  niceIncrement?: number
  /** Accepted; a process's descriptors end with it. */
  trackUnmanagedFds?: boolean
  closeTimeout?: number
  recordTiming?: boolean
  stricterFIFO?: boolean
  loadBalancer?: LoadBalancer
  workerHistogram?: boolean
}

export interface PoolOptions extends SharedOptions {
  /** A task that runs longer is stopped, and its promise rejected, in milliseconds; 0: no limit but the daemon's, 24 hours. */
  runTimeout?: number
  /** What a task that is to stop has left before its process is killed, in milliseconds; at most `runTimeout`, where there is one. */
  killGrace?: number
  /** How often a task of an idempotent pool is tried again when its worker died: 14 times at most. */
  retries?: number
  /** Tasks may run again after their worker died. */
  idempotent?: boolean
  /** The most memory of one worker with all its processes, in bytes: more ends its task, where the daemon may make
   * cgroups (a service with Delegate=yes); elsewhere a worker that has grown beyond it is replaced after its task. */
  memoryMax?: number
  /** Workers that are ready to take over at once. */
  spares?: number
  /** A worker is replaced after so many tasks. */
  recycle?: number
  /** A crash is told with where the script was, and with the worker's native stack (`nativeStack`), for which its rejection
   * waits, up to 5 s on a busy machine. */
  stack?: boolean
  /** Memory for tasks and for results of this pool at a time, in bytes. For a larger task or result the daemon makes more. */
  requestBytes?: number
  resultBytes?: number
  /** How long to look for a result before the loop sleeps, in microseconds; 50 by default. */
  spin?: number
  /** Room for a result, in bytes; a larger one gets memory of its own, which takes longer. */
  resultCapacity?: number
  /** Of a daemon that runs already ($RINGMASTER_SOCKET unless given); null: one that is this program's own. */
  socket?: string | null
  /** A pool that the daemon's configuration has; unset: one is created. */
  pool?: string
}

export interface RunOptions {
  transferList?: TransferList
  filename?: string | URL | null
  signal?: AbortSignalAny | null
  name?: string | null
}
export interface CloseOptions {
  force?: boolean
}

type FilledOptions = PoolOptions & Required<Pick<PoolOptions, 'name' | 'minThreads' | 'maxThreads' | 'idleTimeout' |
  'concurrentTasksPerWorker' | 'atomics' | 'taskQueue' | 'niceIncrement' | 'closeTimeout' | 'recordTiming' | 'stricterFIFO' |
  'workerHistogram' | 'runTimeout' | 'killGrace' | 'retries' | 'idempotent' | 'spares' | 'stack' | 'spin' | 'resultCapacity'>> &
  { filename: string | null, maxQueue: number }

/** An EventEmitterAsyncResource, which not all versions of @types/node know. */
export class Pool<T = any, R = any> extends EventEmitter {
  get asyncId (): number
  get triggerAsyncId (): number
  get asyncResource (): AsyncResource
  emitDestroy (): void
  constructor (options?: PoolOptions)
  run (task: T, options?: RunOptions): Promise<R>
  /** An ArrayBuffer in the memory that workers read: filled here and named in a transferList, it is never copied. An ordinary
   * one where there is no room for it now, or where the daemon, which is asked beyond `requestBytes`, gives no answer for 50 ms. */
  allocate (bytes: number): ArrayBuffer
  /** Data that many tasks read: copied once, mapped in each worker for as long as scripts have it, where a Uint8Array stands
   * for it. release() gives it back, when no task will have it any more. */
  share (data: ArrayBufferLike | ArrayBufferView): Uint8Array & { release (): void }
  close (options?: CloseOptions): Promise<void>
  destroy (): Promise<void>
  [Symbol.dispose] (): void
  [Symbol.asyncDispose] (): Promise<void>
  readonly options: FilledOptions
  readonly completed: number
  get maxThreads (): number
  get minThreads (): number
  get threads (): Array<{ threadId: number, ref (): void, unref (): void }>
  get idleThreads (): number
  get queueSize (): number
  get histogram (): Histogram
  get utilization (): number
  get duration (): number
  get needsDrain (): boolean
}

/** A task was stopped by its signal. */
export class AbortError extends Error {
  constructor (reason?: unknown)
  get name (): 'AbortError'
}
/** A task whose worker did not answer it. */
export class TaskError extends Error {
  get name (): 'TaskError'
  outcome: 'failed' | 'crashed' | 'timed out' | 'cancelled' | 'refused' | 'lost'
  /** The signal or the exit code of a crash. */
  detail?: number
  /** Which function of which file the task was for: FILE#NAME. */
  task?: string
  /** Where a worker crashed, one frame a line. */
  nativeStack?: string
  code?: string
}

/** Marks a value that a task returns as one whose buffer is moved and not copied. */
export function move<V> (value: V): V | Transferable

/** What a task may ask of its worker. */
export const job: {
  readonly facts: { id: string, attempt: number, cancelled: boolean, deadlineLeft: number } | undefined
  readonly cancelled: boolean
  /** A sign of life, for status and for the report of a killed worker. */
  progress (): void
  /** An ArrayBuffer in the result itself: filled and returned, it is never copied. */
  reserve (bytes: number): ArrayBuffer
}
export const isWorkerThread: boolean
export const workerData: any
