import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { environment } from '../platform/config/environment.js';
import { buildLab } from './lab.js';
import { whyNoNamespaces, type Namespace } from './namespace.js';

const TOOLS = ['ip', 'sysctl', 'iptables-save', 'iptables-restore', 'nats-server'];

/**
 * The main job, shown for real in network namespaces of its own: a component is created, a connection to the gateway's
 * port reaches the machine, the component is deleted, the connection is refused. Answers with the exit status. This
 * outer process builds the lab and takes it away again, whatever happens inside.
 */
export async function demo(): Promise<number> {
  const reason = whyNoNamespaces() ?? missingTool();
  if (reason !== undefined) {
    console.error(`berth demo: ${reason}`);
    return 1;
  }
  const made: Namespace[] = [];
  const home = await mkdtemp(join(tmpdir(), 'berth-demo-'));
  const interruption = new AbortController();
  const interrupt = (): void => interruption.abort();
  const isInterrupted = (): boolean => interruption.signal.aborted;
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    console.log('Building a lab of four network namespaces: control, gateway, client, machine');
    const lab = await buildLab(made);
    if (isInterrupted()) return 130;
    const names = [lab.control, lab.gateway, lab.client, lab.machine].map(({ name }) => name);
    const story = fileURLToPath(new URL('./story.js', import.meta.url));
    const status = await new Promise<number>((resolve, reject) => {
      // In a process group of its own: Ctrl-C reaches us alone, and we end the story in order.
      const inner = spawn('ip', ['netns', 'exec', lab.control.name, process.execPath, story, home, ...names], {
        stdio: ['ignore', 'inherit', 'inherit'],
        detached: true,
        env: environment(),
      });
      interruption.signal.addEventListener('abort', () => inner.kill('SIGTERM'));
      inner.once('error', reject);
      inner.once('close', (code) => resolve(code ?? 1));
    });
    return isInterrupted() ? 130 : status;
  } finally {
    for (const namespace of made.reverse()) {
      await namespace.remove().catch((error: unknown) => console.error(`berth demo: ${String(error)}`));
    }
    await rm(home, { recursive: true, force: true });
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    console.log('The lab is gone again.');
  }
}

function missingTool(): string | undefined {
  const missing = TOOLS.filter((tool) => spawnSync(tool, ['--version'], { stdio: 'ignore' }).error !== undefined);
  return missing.length === 0
    ? undefined
    : `${missing.join(', ')} not found. On Debian or Ubuntu: apt-get install iproute2 iptables conntrack nats-server`;
}
