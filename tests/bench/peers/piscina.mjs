// piscina with one thread and an empty task. Reads a line per measurement, answers each with one line of JSON:
//   sequential N   one task after the other: p50 and p99.9 in microseconds
//   inflight N M   N tasks, M in flight: tasks a second
import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

// Installed into a build folder, given as the first argument.
const require = createRequire(pathToFileURL(`${process.argv[2]}/`));
const { Piscina } = require('piscina');
const pool = new Piscina({ filename: new URL('./piscina_task.mjs', import.meta.url).href, minThreads: 1, maxThreads: 1 });

async function sequential(count) {
  const times = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const start = process.hrtime.bigint();
    await pool.run(null);
    times[i] = Number(process.hrtime.bigint() - start) / 1000;
  }
  times.sort();
  return { p50_us: times[count >> 1], p999_us: times[Math.min(count - 1, Math.floor(count * 0.999))] };
}

async function inflight(count, width) {
  let left = count;
  const lane = async () => { while (left-- > 0) await pool.run(null); };
  const start = process.hrtime.bigint();
  await Promise.all(Array.from({ length: width }, lane));
  return { jobs_per_s: count / (Number(process.hrtime.bigint() - start) / 1e9) };
}

await sequential(500);
console.log(JSON.stringify({ ready: 1 }));
for await (const line of createInterface({ input: process.stdin })) {
  const [what, ...numbers] = line.split(' ');
  const answer = what === 'sequential' ? await sequential(+numbers[0]) : await inflight(+numbers[0], +numbers[1]);
  console.log(JSON.stringify(answer));
}
await pool.destroy();
