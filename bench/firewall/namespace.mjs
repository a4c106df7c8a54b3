import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { whyNoNamespaces } from '../../dist/src/demo/namespace.js';

/**
 * Runs a measurement in a network namespace of its own: the measuring process is inside too, so that whatever it starts,
 * module or bare tool, pays the same. The rules of this machine are never touched.
 */
export async function inNamespace(url, measure) {
  if (process.env.BENCH_FW_INSIDE === '1') return measure();
  const reason = whyNoNamespaces();
  if (reason !== undefined) {
    console.error(`NOT RUN: ${reason}`);
    return { value: null, unit: 'not run', skipped: reason };
  }
  const inside = fileURLToPath(new URL('./inside.mjs', import.meta.url));
  const child = spawn('unshare', ['-n', process.execPath, inside, fileURLToPath(url)], {
    env: { ...process.env, BENCH_FW_INSIDE: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (chunk) => (said += chunk));
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  if (code !== 0) throw new Error(`the measurement ended with ${code}`);
  return JSON.parse(said.trim().split('\n').at(-1));
}
