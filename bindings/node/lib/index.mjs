import ringmaster from './index.js'

export default ringmaster
export const { AbortError, ArrayTaskQueue, FixedQueue, Pool, TaskError, isWorkerThread, job, move, queueOptionsSymbol, transferableSymbol, valueSymbol, workerData } = ringmaster
