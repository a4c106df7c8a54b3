// Runs the benchmarks: `node bench/run.mjs [name]`. Each prints one JSON line on standard output.
import { readdirSync } from 'node:fs';

const only = process.argv[2];
const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.bench.mjs'))
  .map((file) => file.replace('.bench.mjs', ''));
const chosen = only === undefined || only === '' ? names : names.filter((name) => name === only);
if (chosen.length === 0) {
  console.error(`There is no benchmark ${only}. There are: ${names.join(', ')}`);
  process.exit(2);
}
let failed = false;
for (const name of chosen) {
  const { default: bench } = await import(`./${name}.bench.mjs`);
  console.error(`# ${name}`);
  const result = await bench();
  console.log(JSON.stringify({ bench: name, ...result }));
  failed ||= result.ok === false;
}
process.exit(failed ? 1 : 0);
