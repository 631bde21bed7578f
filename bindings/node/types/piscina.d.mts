// What an ES module imports: there the default export is the class itself.
export { Piscina as default } from './piscina.js'
export * from './piscina.js'
