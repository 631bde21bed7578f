'use strict'
// Where the daemon's programs and this package's native parts lie: in the package for this platform, or, for whoever
// builds ringmaster, in the tree that RINGMASTER_PREFIX names.
const fs = require('node:fs')
const path = require('node:path')

const kHead = 4096 // Bytes of a program, in which its loader is named. process.report says it too, and takes 10 ms.
function isMusl () {
  const head = Buffer.alloc(kHead)
  const file = fs.openSync('/proc/self/exe', 'r')
  try {
    fs.readSync(file, head, 0, kHead, 0)
    return head.includes('/ld-musl-')
  } finally {
    fs.closeSync(file)
  }
}

function platformHere () {
  const libc = process.platform !== 'linux' ? '' : isMusl() ? '-musl' : '-gnu'
  return `${process.platform}-${process.arch}${libc}`
}

let found
function find () {
  if (found !== undefined) return found
  let root = process.env.RINGMASTER_PREFIX
  if (root === undefined) {
    const platform = platformHere()
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
