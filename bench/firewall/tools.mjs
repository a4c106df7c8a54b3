import { spawn } from 'node:child_process';

/** The yardsticks: the bare tools, driven from Node as the module drives them. */

/** Runs a tool to its end, its output taken whole; answers with the output. */
export async function run(command, args = [], input = '') {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const output = [];
  let errors = '';
  child.stdout.on('data', (chunk) => output.push(chunk));
  child.stderr.on('data', (chunk) => (errors += chunk));
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}: ${errors}`);
  return Buffer.concat(output).toString('utf8');
}

/** A tool that is kept running, and acknowledges what is written to it by repeating a word. */
class Kept {
  #child;
  #said = '';
  #wanted;
  #done;
  #acks = 0;

  constructor(command, args, stream) {
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    for (const other of ['stdout', 'stderr']) if (other !== stream) this.#child[other].resume();
    this.#child[stream].on('data', (chunk) => {
      this.#said += chunk;
      if (this.#wanted === undefined || !this.#said.includes(this.#wanted)) return;
      this.#wanted = undefined;
      this.#done();
    });
    this.#child.on('close', () => {
      if (this.#wanted !== undefined) throw new Error(`${command} gave up: ${this.#said}`);
    });
  }

  /** Writes a text and waits until it is taken. */
  write(text) {
    return new Promise((resolve) => {
      const ack = this.acknowledge(++this.#acks);
      [this.#said, this.#wanted, this.#done] = ['', `${ack}\n`, resolve];
      this.#child.stdin.write(`${text}${ack}\n`);
    });
  }

  async close() {
    const ended = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.stdin.end();
    await ended;
  }
}

export class BareRestore extends Kept {
  constructor() {
    super('iptables-restore', ['--noflush', '--verbose'], 'stdout');
  }
  acknowledge(number) {
    return `# ack ${number}`;
  }
  /** Lines of the table nat, as one transaction. */
  apply(...lines) {
    return this.write(['*nat', ...lines, 'COMMIT', ''].join('\n'));
  }
}

export class BareNft extends Kept {
  constructor() {
    super('nft', ['-i'], 'stderr');
  }
  acknowledge(number) {
    return `ack-${number}`;
  }
  apply(...commands) {
    return this.write(`${commands.join('; ')}\n`);
  }
}
