#!/bin/bash
# The tarballs in a fresh folder, without a network and without this source: npm installs them, and a pool runs a task
# in a process of its own, from CommonJS and from an ES module.
#
#   npm_check.sh FOLDER VERSION PLATFORM
set -euo pipefail
folder=$(realpath "$1") version=$2 platform=$3
here=$(mktemp -d "${TMPDIR:-/tmp}/ringmaster-npm.XXXXXX")
trap 'rm -rf "$here"' EXIT
cd "$here"
fail() { echo "FAIL: $*" >&2; exit 1; }
unset RINGMASTER_PREFIX RINGMASTER_SOCKET

npm init --yes >/dev/null
npm install --offline --no-audit --no-fund "$folder/ringmaster-$version.tgz" "$folder/ringmaster-$platform-$version.tgz" >npm.log 2>&1 ||
  fail "npm install: $(cat npm.log)"
[ -x "node_modules/@ringmaster/$platform/bin/ringmasterd" ] || fail "the programs are not installed: $(find node_modules -maxdepth 3)"
(cd node_modules/ringmaster && node -e '
  const { exports, files, main, types } = require("./package.json")
  const names = (value) => typeof value === "string" ? [value] : Object.values(value).flatMap(names)
  const missing = [...names(exports), ...files, main, types].filter((name) => !require("fs").existsSync(name))
  if (missing.length > 0) throw new Error(`the package lacks ${missing}`)') || fail "the package is not whole"

echo 'module.exports = ({ a, b }) => ({ sum: a + b, pid: process.pid })' >task.js
cat >common.js <<'JS'
const { Pool } = require('ringmaster')
module.exports = async (Pool, filename) => {
  const pool = new Pool({ filename, minThreads: 1, maxThreads: 1 })
  const { sum, pid } = await pool.run({ a: 4, b: 6 })
  await pool.destroy()
  if (sum !== 10) throw new Error(`the sum is ${sum}`)
  if (pid === process.pid) throw new Error('the task ran in this process: the programs were not found')
}
if (require.main === module) module.exports(Pool, `${__dirname}/task.js`)
JS
cat >module.mjs <<'JS'
import Piscina from 'ringmaster/piscina'
import { createRequire } from 'node:module'
await createRequire(import.meta.url)('./common.js')(Piscina, new URL('./task.js', import.meta.url).pathname)
JS
node common.js || fail "a pool from CommonJS"
node module.mjs || fail "a pool from an ES module"
echo "npm_check: installed offline, and a pool ran its tasks in processes"
