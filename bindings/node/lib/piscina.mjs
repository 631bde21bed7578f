import Piscina from './piscina.js'

export default Piscina
export { Piscina }
export const { ArrayTaskQueue, FixedQueue, isWorkerThread, move, queueOptionsSymbol, transferableSymbol, valueSymbol, version, workerData } = Piscina
