'use strict'
// Folders of private daemons, with those of their pools in them, and of pools of other daemons: sockets, and what workers
// are to know. Removed when daemon or pool end, and when this process ends. If it was killed, the private daemon removes its own;
// what is left all the same, by the next process that makes one.
const fs = require('node:fs')
const net = require('node:net')
const os = require('node:os')
const path = require('node:path')

const kPrefix = 'ringmaster-node-'
const kInner = 'r-' // of a folder in another pool's: short
const kMost = 107 - '/XXXXXX/pool-XXXXXX/messages'.length // Bytes of a socket's path.
const kYoung = 60000 // Milliseconds: nobody may be listening in it yet.
const kSockets = ['socket', 'messages']
// All that is made in such a folder. One that holds anything else is not ours to remove, whatever its name.
const kFiles = /^(config\.toml|socket|socket\.lock|messages|boot|crash-\d+)$/
const kFolders = /^(pool|r)-\w{6}(\.ended)?$/
// Where this process is a worker: the folder of the pool that the program itself has made, however deep this is below it. A
// daemon of the worker's own is killed with it, and removes nothing: its folder goes with that pool's.
const kOfPool = Symbol.for('ringmaster.folder')
const outerFolder = () => globalThis[kOfPool]

// Under another name first: its daemon may still be alive, and makes its socket again where that is missing. What stays
// is swept later.
function remove (folder) {
  const last = `${folder}.ended`
  try {
    fs.renameSync(folder, last)
    fs.rmSync(last, { recursive: true, force: true })
  } catch {}
}

function isWritable (folder) {
  try {
    fs.accessSync(folder, fs.constants.W_OK)
    return true
  } catch {
    return false
  }
}

const ours = new Set()
let watched = false
let swept = false

/** A new folder that only this user may enter. */
function makeFolder () {
  const kinds = [[outerFolder(), kInner], ...[process.env.XDG_RUNTIME_DIR, os.tmpdir(), '/tmp'].map((base) => [base, kPrefix])]
  const fits = ([base, prefix]) => base && Buffer.byteLength(base) + prefix.length <= kMost && isWritable(base)
  const [base, prefix] = kinds.find(fits) ?? [os.tmpdir(), kPrefix]
  if (!swept) {
    swept = true
    sweep(base, prefix).catch(() => {}) // Somebody else's next process tries again.
  }
  const folder = fs.mkdtempSync(path.join(base, prefix))
  ours.add(folder)
  if (!watched) {
    watched = true
    process.on('exit', () => ours.forEach(remove))
  }
  return folder
}

function removeFolder (folder) {
  ours.delete(folder)
  remove(folder)
}

const answers = (socket) => new Promise((resolve) => {
  const connection = net.connect(socket).unref()
  connection.on('connect', () => resolve(true)).on('error', (error) => resolve(!['ECONNREFUSED', 'ENOENT'].includes(error.code)))
  connection.on('connect', () => connection.destroy())
})

async function isOurs (folder) {
  for (const one of await fs.promises.readdir(folder, { withFileTypes: true })) {
    const isMade = one.isDirectory()
      ? kFolders.test(one.name) && await isOurs(path.join(folder, one.name))
      : kFiles.test(one.name) && (one.isFile() || one.isSocket())
    if (!isMade) return false
  }
  return true
}

/** Removes this user's folders that nobody listens in any more.
 * @param {string} prefix of their names. The short one says whose they are only in another pool's folder. */
async function sweep (base, prefix) {
  for (const name of await fs.promises.readdir(base)) {
    const folder = path.join(base, name)
    if (!name.startsWith(prefix) || ours.has(folder)) continue
    const status = await fs.promises.lstat(folder).catch(() => undefined) // Others sweep too.
    if (!status?.isDirectory() || status.uid !== process.getuid() || Date.now() - status.mtimeMs < kYoung) continue
    const answered = await Promise.all(kSockets.map((socket) => answers(path.join(folder, socket))))
    if (!answered.includes(true) && await isOurs(folder).catch(() => false)) remove(folder)
  }
}

module.exports = { makeFolder, outerFolder, removeFolder, sweep }
