// For compilers that find types by a file's name and not by the package's `exports` (moduleResolution "node").
export { default } from './types/piscina.js'
export * from './types/piscina.js'
