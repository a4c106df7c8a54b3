import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Namespace } from '../../dist/src/demo/namespace.js';
import { run } from './tools.mjs';

const PEER = fileURLToPath(new URL('./peer.mjs', import.meta.url));

/** client (192.0.2.2) -- the measuring process's own namespace (192.0.2.1 | 10.20.0.1) -- server (10.20.0.2). */
export async function withLab(work) {
  const client = await Namespace.create('client');
  const server = await Namespace.create('server');
  const inside = async (namespace, ...command) => namespace.exec(command);
  try {
    for (const [namespace, name, ours, theirs] of [
      [client, 'outside', '192.0.2.1/24', '192.0.2.2/24'],
      [server, 'inside', '10.20.0.1/16', '10.20.0.2/16'],
    ]) {
      await run('ip', ['link', 'add', name, 'type', 'veth', 'peer', 'name', 'uplink', 'netns', namespace.name]);
      await run('ip', ['addr', 'add', ours, 'dev', name]);
      await run('ip', ['link', 'set', name, 'up']);
      await inside(namespace, 'ip', 'addr', 'add', theirs, 'dev', 'uplink');
      await inside(namespace, 'ip', 'link', 'set', 'uplink', 'up');
      await inside(namespace, 'ip', 'route', 'add', 'default', 'via', ours.split('/')[0]);
    }
    await inside(client, 'sysctl', '-qw', 'net.ipv4.tcp_tw_reuse=1', 'net.ipv4.ip_local_port_range=1024 65535');
    await run('sysctl', ['-qw', 'net.ipv4.ip_forward=1']);
    return await work({ client: new Peer(client), server: new Peer(server) });
  } finally {
    await client.remove();
    await server.remove();
  }
}

/** A process inside a namespace that does as it is told, a JSON line for a JSON line. */
class Peer {
  #child;
  #answers;

  constructor(namespace) {
    this.#child = namespace.start([process.execPath, PEER]);
    this.#child.stderr.pipe(process.stderr);
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async ask(order) {
    this.#child.stdin.write(`${JSON.stringify(order)}\n`);
    return JSON.parse((await this.#answers.next()).value);
  }
}
