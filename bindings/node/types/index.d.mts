// What an ES module imports; the default export has the same names.
import * as ringmaster from './index.js'

export default ringmaster
export * from './index.js'
