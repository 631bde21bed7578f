'use strict'
// Where the daemon's programs and this package's native parts lie: in the package for this platform, or, for whoever
// builds ringmaster, in the tree that RINGMASTER_PREFIX names.
const fs = require('node:fs')
const path = require('node:path')

let found
function find () {
  if (found !== undefined) return found
  const isMusl = process.platform === 'linux' && process.report?.getReport().header.glibcVersionRuntime === undefined
  const platform = `${process.platform}-${process.arch}${process.platform === 'linux' ? (isMusl ? '-musl' : '-gnu') : ''}`
  let root = process.env.RINGMASTER_PREFIX
  if (root === undefined) {
    try {
      root = path.dirname(require.resolve(`@ringmaster/${platform}/package.json`))
    } catch {
      return (found = { missing: `there is no build of ringmaster for ${platform}` })
    }
  }
  // Debian's folder of libraries, where the prefix is /usr.
  const debian = { x64: 'lib/x86_64-linux-gnu', arm64: 'lib/aarch64-linux-gnu' }[process.arch] ?? 'lib'
  const libraries = path.join(root, fs.existsSync(path.join(root, debian, 'ringmaster/node')) ? debian : 'lib')
  const parts = {
    daemon: path.join(root, 'bin/ringmasterd'),
    client: path.join(libraries, 'ringmaster/node/ringmaster_client.node'),
    worker: path.join(libraries, 'ringmaster/node/ringmaster_worker.node')
  }
  const gone = Object.values(parts).find((part) => !fs.existsSync(part))
  return (found = gone === undefined ? parts : { missing: `${gone} is missing` })
}

module.exports = {
  /** null: nothing; else a sentence. */
  whatIsMissing: () => find().missing ?? null,
  get daemon () { return find().daemon },
  get client () { return find().client },
  get worker () { return find().worker }
}
