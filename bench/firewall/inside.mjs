// The measuring process of a firewall benchmark, started by namespace.mjs inside a network namespace of its own.
import { execFileSync } from 'node:child_process';

execFileSync('ip', ['link', 'set', 'lo', 'up']);
const { default: bench } = await import(process.argv[2]);
const result = await bench();
await new Promise((resolve) => process.stdout.write(`${JSON.stringify(result)}\n`, resolve));
process.exit(0);
