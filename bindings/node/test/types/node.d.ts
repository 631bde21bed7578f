// What of @types/node the types use, for where that is not installed.
declare module 'node:events' {
  export class EventEmitter {
    on (name: string, listener: (...values: any[]) => void): this
    once (name: string, listener: (...values: any[]) => void): this
    off (name: string, listener: (...values: any[]) => void): this
  }
}
declare module 'node:async_hooks' {
  export class AsyncResource {}
}
declare module 'node:url' {
  export class URL {
    constructor (input: string, base?: string)
  }
}
declare namespace NodeJS {
  interface Dict<T> { [key: string]: T | undefined }
}
interface SymbolConstructor {
  readonly dispose: unique symbol
  readonly asyncDispose: unique symbol
}
