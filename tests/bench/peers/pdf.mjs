// Bursts of 200 invoices at the servers of examples/invoices, which lies, with what it needs, in the folder given as
// the first argument. The protocol of piscina.mjs:
//   VARIANT POISON   VARIANT: ringmaster, piscina or in-process; POISON: none, loop or crash
// answers {failed, p95_ms, healthz_p99_ms}; times are left out where nothing was answered.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const folder = process.argv[2];
const { burst } = createRequire(pathToFileURL(`${folder}/`))('./load.js');

async function startServer(variant) {
  const server = spawn(process.execPath, [join(folder, 'server.js'), variant], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(createInterface({ input: server.stdout }), 'line');
  return { server, url: line.split(': ')[1] };
}

const answers = (url) => fetch(`${url}/healthz`, { signal: AbortSignal.timeout(2000) }).then(({ ok }) => ok, () => false);

// A process of its own for each measurement: what one leaves behind, or takes along, is not the next one's.
async function measure(variant, poison) {
  const { server, url } = await startServer(variant);
  const ended = once(server, 'exit');
  await burst(url); // Not measured: by its end every worker has compiled its code.
  const { poisoned, ...figures } = await burst(url, { poison });
  server.kill(await answers(url) ? 'SIGTERM' : 'SIGKILL');
  await ended;
  return figures;
}

console.log(JSON.stringify({ ready: 1 }));
for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await measure(...line.split(' '))));
}
