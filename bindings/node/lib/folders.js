'use strict'
// Folders of private daemons, with those of their pools in them, and of pools of other daemons: sockets, and what workers
// are to know. Removed when daemon or pool end, and when this process ends. If it was killed, the private daemon removes its own;
// what is left all the same, by the next process that makes one.
const fs = require('node:fs')
const net = require('node:net')
const os = require('node:os')
const path = require('node:path')

const kPrefix = 'ringmaster-node-'
const kYoung = 60000 // Milliseconds: nobody may be listening in it yet.
const kSockets = ['socket', 'messages']
// Where this process is a worker: a folder that goes with its pool. A daemon of its own is killed with it, and removes nothing.
const kOfPool = Symbol.for('ringmaster.folder')
const kinds = () => [globalThis[kOfPool], process.env.XDG_RUNTIME_DIR, os.tmpdir(), '/tmp']

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
  // A socket's path has room for 107 bytes.
  const base = kinds().find((one) => one && one.length < 60 && isWritable(one)) ?? os.tmpdir()
  if (!swept) {
    swept = true
    sweep(base).catch(() => {}) // Somebody else's next process tries again.
  }
  const folder = fs.mkdtempSync(path.join(base, kPrefix))
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

// Removes this user's folders that nobody listens in any more.
async function sweep (base) {
  for (const name of await fs.promises.readdir(base)) {
    const folder = path.join(base, name)
    if (!name.startsWith(kPrefix) || ours.has(folder)) continue
    const { uid, mtimeMs } = await fs.promises.lstat(folder)
    if (uid !== process.getuid() || Date.now() - mtimeMs < kYoung) continue
    const answered = await Promise.all(kSockets.map((socket) => answers(path.join(folder, socket))))
    if (!answered.includes(true)) remove(folder)
  }
}

module.exports = { makeFolder, removeFolder, sweep }
