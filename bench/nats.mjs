import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './support.mjs';

/** A port for a nats-server, which `start` starts, with JetStream on disk; ended and removed in the end. */
export async function withNats(work) {
  const [port, store] = [await freePort(), await mkdtemp(join(tmpdir(), 'berth-bench-nats-'))];
  let server;
  const start = async () => {
    server = spawn('nats-server', ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', store], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    await new Promise((resolve, reject) => {
      let log = '';
      server.once('error', reject);
      server.once('exit', (code) => reject(new Error(`nats-server ended with ${code}: ${log}`)));
      server.stderr.setEncoding('utf8').on('data', (text) => {
        log += text;
        if (log.includes('Server is ready')) resolve();
      });
    });
    server.stderr.removeAllListeners('data').resume();
  };
  try {
    return await work({ url: `nats://127.0.0.1:${port}`, start });
  } finally {
    if (server !== undefined && server.exitCode === null) {
      server.kill('SIGTERM');
      await once(server, 'exit');
    }
    await rm(store, { recursive: true, force: true });
  }
}
