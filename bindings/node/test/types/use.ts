// Compiled, never run: what a program may write, and what the compiler must refuse (@ts-expect-error).
import { EventEmitter } from 'node:events'
import { URL } from 'node:url'
import Piscina, { move, FixedQueue as Queue, type PiscinaWorker, type TaskQueue } from 'ringmaster/piscina'
import { AbortError, Pool, TaskError, job, isWorkerThread, type PoolOptions } from 'ringmaster'

interface Invoice { number: number }

export async function use (): Promise<number> {
  const options: PoolOptions = { filename: 'x.js', runTimeout: 5000, retries: 2, idempotent: true, memoryMax: 1e9, spares: 1, recycle: 100 }
  const pool = new Pool<Invoice, Uint8Array>(options)
  const bytes: Uint8Array = await pool.run({ number: 1 }, { signal: new AbortController().signal })
  const buffer: ArrayBuffer = pool.allocate(100)
  await pool.run({ number: 2 }, { signal: new EventEmitter(), transferList: [buffer], name: 'other', filename: null })
  await pool.run({ number: 3 }, { filename: new URL('file:///x.js') })
  // @ts-expect-error: another task than the pool's
  await pool.run('text')
  // @ts-expect-error: no such option
  const wrong = new Pool({ threads: 3 })
  pool.on('workerCreate', (worker: PiscinaWorker) => worker.currentUsage)
  try {
    await pool.close({ force: true })
  } catch (error) {
    if (error instanceof TaskError) return error.outcome === 'crashed' ? 1 : error.detail ?? 0
    if (error instanceof AbortError) return 2
  }
  return bytes.length + pool.histogram.runTime.p99 + pool.utilization + pool.options.maxQueue + wrong.threads[0].threadId
}

export async function asPiscina (): Promise<string> {
  const queue: TaskQueue = new Queue()
  const piscina = new Piscina({ filename: 'x.js', taskQueue: queue, maxQueue: 'auto', atomics: 'disabled', loadBalancer: (task, workers) => task.isAbortable ? null : workers[0] })
  const anything: string = await piscina.run(1)
  move(new ArrayBuffer(3))
  await piscina.destroy()
  return anything + Piscina.version + String(Piscina.isWorkerThread || isWorkerThread) + String(job.facts?.attempt)
}
