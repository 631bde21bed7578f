'use strict'
// What is left of a pool when the process that has it dies.
const assert = require('node:assert/strict')
const fs = require('node:fs')
const net = require('node:net')
const os = require('node:os')
const path = require('node:path')
const { spawn } = require('node:child_process')
const { once } = require('node:events')
const { test } = require('node:test')
const { isGone, parentOf, until, withFolder } = require('./fixtures/support.js')

const program = `
const { Pool } = require(${JSON.stringify(path.join(__dirname, '..'))})
const pool = new Pool({ filename: ${JSON.stringify(path.join(__dirname, 'fixtures/tasks.js'))}, maxThreads: 1 })
pool.run(null, { name: 'pid' }).then((pid) => {
  if (process.argv[1] === 'spin') pool.run(null, { name: 'spin' }).catch(() => {})
  if (process.argv[1] === 'idle') setInterval(() => {}, 1000)
  console.log(pid)
})
`

for (const how of ['idle', 'spin']) {
  test(`nothing is left of a parent that is killed, its worker ${how}`, async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rm-owner-'))
    try {
      const parent = spawn(process.execPath, ['-e', program, how], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, XDG_RUNTIME_DIR: folder } })
      const [text] = await once(parent.stdout, 'data')
      const worker = Number(String(text))
      assert.ok(!isGone(worker))
      const daemon = parentOf(worker)
      parent.kill('SIGKILL')
      await once(parent, 'exit')
      await until(() => isGone(worker), 'the worker is gone')
      await until(() => isGone(daemon), 'the daemon is gone')
      assert.deepEqual(fs.readdirSync(folder), [])
    } finally {
      fs.rmSync(folder, { recursive: true, force: true })
    }
  })
}

const orUndefined = (look) => {
  try {
    return look()
  } catch (error) {
    if (!['ENOENT', 'ESRCH'].includes(error.code)) throw error
  }
}
// A process, or a thread of it, may end while it is looked at.
const childrenOf = (pid) => (orUndefined(() => fs.readdirSync(`/proc/${pid}/task`)) ?? []).flatMap((task) =>
  (orUndefined(() => fs.readFileSync(`/proc/${pid}/task/${task}/children`, 'latin1')) ?? '').split(' ').filter(Boolean).map(Number))
// As it is started, or with the title that it takes then.
const isWorker = (pid) => /worker\/boot\.js|ringmaster: /.test(orUndefined(() => fs.readFileSync(`/proc/${pid}/cmdline`, 'latin1')))

// How far a first pool's start is, as others see it: at least, since it may be further already. Its worker waits at its
// load, so what is looked for stays, and no task ends.
const moments = {
  'its daemon has a socket': ({ daemon }) => fs.existsSync(path.join(daemon.folder, 'socket')),
  'the pool has its folder': ({ daemon }) => fs.readdirSync(daemon.folder).some((name) => name.startsWith('pool-')),
  'its worker starts': ({ worker }) => worker !== undefined,
  'its worker has told its handlers': ({ worker, gate }) => worker !== undefined && fs.existsSync(`${gate}.waits`)
}
async function startedUpTo (moment, parent, base, gate) {
  const seen = { gate }
  await until(() => {
    const [pid] = childrenOf(parent.pid)
    const [folder] = fs.readdirSync(base).filter((name) => name.startsWith('ringmaster-node-'))
    if (pid === undefined || folder === undefined) return false
    seen.daemon = { pid, folder: path.join(base, folder) }
    seen.worker = childrenOf(pid).find(isWorker)
    return moment(seen)
  }, 'the pool starts')
  return seen
}
// Runs `then` with a program whose only worker waits at its load, and the folder in which the program makes its own.
const withStarting = (then) => withFolder(async (base) => withFolder(async (beside) => {
  const gate = path.join(beside, 'gate')
  const text = program.replace('fixtures/tasks.js', 'fixtures/waits_at_load.js')
  const parent = spawn(process.execPath, ['-e', text, 'leave'], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, XDG_RUNTIME_DIR: base, RM_TEST_GATE: gate } })
  try {
    await then(parent, base, gate)
  } finally {
    parent.kill('SIGKILL')
  }
}))

for (const [name, moment] of Object.entries(moments)) {
  test(`nothing is left of a parent that is killed when ${name}`, () => withStarting(async (parent, base, gate) => {
    const { daemon, worker } = await startedUpTo(moment, parent, base, gate)
    parent.kill('SIGKILL')
    await once(parent, 'exit')
    await until(() => isGone(daemon.pid) && (worker === undefined || isGone(worker)), 'daemon and worker are gone')
    assert.deepEqual(fs.readdirSync(base), [])
  }))
}

// At once: where the session is being opened already, that waits ten seconds for another daemon.
test('a task is told of a daemon that is killed', { concurrency: true }, (t) => Promise.all(Object.entries(moments).map(([name, moment]) =>
  t.test(`when ${name}`, () => withStarting(async (parent, base, gate) => {
    let said = ''
    for (const stream of [parent.stdout, parent.stderr]) stream.on('data', (chunk) => { said += chunk })
    const ended = once(parent, 'close')
    const { daemon, worker } = await startedUpTo(moment, parent, base, gate)
    process.kill(daemon.pid, 'SIGKILL')
    const [code] = await ended
    assert.equal(code, 1, said)
    assert.match(said, /daemon/)
    await until(() => worker === undefined || isGone(worker), 'the worker is gone')
    assert.deepEqual(fs.readdirSync(base), [])
  })))))

test('Ctrl-C is the program\'s own matter: what runs is finished, then all ends', async () => {
  const text = `
const { Pool } = require(${JSON.stringify(path.join(__dirname, '..'))})
const pool = new Pool({ filename: ${JSON.stringify(path.join(__dirname, 'fixtures/tasks.js'))}, maxThreads: 1 })
pool.run(null, { name: 'pid' }).then((pid) => {
  const open = pool.run({ folder: process.argv[1], count: 2 }, { name: 'meet' })
  process.once('SIGINT', async () => {
    require('node:fs').writeFileSync(process.argv[1] + '/interrupted', '')
    console.log(await open === pid)
    await pool.close()
  })
  console.log(pid)
})`
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rm-owner-'))
  try {
    const parent = spawn(process.execPath, ['-e', text, folder], { stdio: ['ignore', 'pipe', 'inherit'], detached: true })
    const ended = once(parent, 'exit')
    let said = ''
    parent.stdout.on('data', (chunk) => { said += chunk })
    await until(() => /\n/.test(said), 'the pool works')
    const worker = Number.parseInt(said)
    const daemon = parentOf(worker)
    await until(() => fs.readdirSync(folder).length === 1, 'the task runs')
    process.kill(-parent.pid, 'SIGINT') // As the terminal does it: to the whole group.
    assert.deepEqual(await ended, [0, null])
    assert.match(said, /\ntrue\n/)
    await until(() => isGone(worker) && isGone(daemon), 'nothing is left')
  } finally {
    fs.rmSync(folder, { recursive: true, force: true })
  }
})

test('an idle pool does not keep its process alive, and leaves no file', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rm-owner-'))
  try {
    const parent = spawn(process.execPath, ['-e', program, 'leave'], { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, XDG_RUNTIME_DIR: folder } })
    const [code] = await once(parent, 'exit')
    assert.equal(code, 0)
    assert.deepEqual(fs.readdirSync(folder), [])
  } finally {
    fs.rmSync(folder, { recursive: true, force: true })
  }
})

test('nothing is left of pools in workers that are killed, however deep', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rm-owner-'))
  const text = `
const { Pool } = require(${JSON.stringify(path.join(__dirname, '..'))})
const pool = new Pool({ filename: ${JSON.stringify(path.join(__dirname, 'fixtures/tasks.js'))}, maxThreads: 1 })
const run = async () => {
  for (let depth = 0; depth < 3; ++depth) {
    const why = await pool.run(depth, { name: 'nestAndDie' }).catch((error) => error.outcome)
    console.log(why, require('node:fs').readdirSync(process.env.XDG_RUNTIME_DIR).length)
  }
  await pool.destroy()
}
run()`
  try {
    const parent = spawn(process.execPath, ['-e', text], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, XDG_RUNTIME_DIR: folder } })
    let said = ''
    parent.stdout.on('data', (chunk) => { said += chunk })
    await once(parent, 'close')
    assert.equal(said, 'crashed 1\ncrashed 1\ncrashed 1\n')
    assert.deepEqual(fs.readdirSync(folder), [])
  } finally {
    fs.rmSync(folder, { recursive: true, force: true })
  }
})

test('what a killed process has left is removed by the next one, and nothing else', async () => {
  const { sweep } = require('../lib/folders.js')
  const base = fs.mkdtempSync(path.join(os.tmpdir(), 'rm-sweep-'))
  const server = net.createServer()
  const made = []
  const make = (name, ...files) => {
    const folder = path.join(base, name)
    fs.mkdirSync(folder)
    for (const file of files) {
      fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true })
      fs.writeFileSync(path.join(folder, file), 'secret')
    }
    made.push(folder)
    return folder
  }
  try {
    make('ringmaster-node-old', 'config.toml', 'socket.lock', 'pool-abcDE1/boot', 'pool-abcDE1/crash-12', 'pool-abcDE1/r-abcDE1/config.toml')
    make('ringmaster-node-other', 'boot', 'r-abcDE1.ended/config.toml')
    make('ringmaster-node-empty.ended')
    make('ringmaster-node-user', 'config.toml', 'thesis.txt')
    make('ringmaster-node-deep', 'config.toml', 'pool-abcDE1/thesis.txt')
    make('ringmaster-node-folder', 'boot/thesis.txt')
    fs.symlinkSync('/', path.join(make('ringmaster-node-link'), 'config.toml'))
    make('ringmaster-nodes')
    make('r-thesis')
    make('r-abcDE1', 'config.toml')
    const served = make('ringmaster-node-served')
    await new Promise((resolve) => server.listen(path.join(served, 'socket'), resolve))
    for (const folder of made) fs.utimesSync(folder, 1000, 1000)
    make('ringmaster-node-young')
    await sweep(base, 'ringmaster-node-')
    const others = ['deep', 'folder', 'link', 'served', 'user', 'young'].map((name) => `ringmaster-node-${name}`).concat('ringmaster-nodes')
    assert.deepEqual(fs.readdirSync(base).sort(), ['r-abcDE1', 'r-thesis', ...others])
    await sweep(base, 'r-') // As in another pool's folder.
    assert.deepEqual(fs.readdirSync(base).sort(), others)
  } finally {
    server.close()
    fs.rmSync(base, { recursive: true, force: true })
  }
})

test('an ordinary program leaves short names alone, and a worker\'s own pool looks only in its pool\'s folder', async () => {
  const base = fs.mkdtempSync(path.join(os.tmpdir(), 'rm-owner-'))
  const run = (before) => new Promise((resolve) => {
    const text = `${before}; const { makeFolder, removeFolder } = require(${JSON.stringify(path.join(__dirname, '../lib/folders.js'))}); removeFolder(makeFolder())`
    spawn(process.execPath, ['-e', text], { stdio: 'inherit', env: { ...process.env, XDG_RUNTIME_DIR: base } }).on('close', resolve)
  })
  try {
    for (const name of ['r-abcDE1', 'ringmaster-node-old']) {
      fs.mkdirSync(path.join(base, name))
      fs.utimesSync(path.join(base, name), 1000, 1000)
    }
    assert.equal(await run(''), 0)
    assert.deepEqual(fs.readdirSync(base), ['r-abcDE1'])
    assert.equal(await run(`globalThis[Symbol.for('ringmaster.folder')] = ${JSON.stringify(base)}`), 0)
    assert.deepEqual(fs.readdirSync(base), [])
  } finally {
    fs.rmSync(base, { recursive: true, force: true })
  }
})
