import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { run } from '../../src/demo/namespace.js';
import { describeInNamespaces } from '../support/namespace-suite.js';

const MAIN = join(import.meta.dirname, '../../dist/src/main.js');

interface Ended {
  code: number | null;
  text: string;
}

function demo(onText: (child: ChildProcess, text: string) => void = () => undefined): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [MAIN, 'demo'], { stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        onText(child, text);
      });
    }
    child.on('close', (code) => resolve({ code, text }));
  });
}

/** Only the demo has a namespace "control"; other tests make and remove theirs meanwhile. */
const demoNamespaces = async (): Promise<string[]> =>
  (await run('ip', ['netns', 'list'])).stdout.split('\n').filter((line) => line.startsWith('berth-control-'));

describeInNamespaces('the demo', () => {
  it('claims a component, connects to it, deletes it, is refused, and leaves nothing behind', async () => {
    const { code, text } = await demo();
    expect(text).toContain('hello from win1 at 10.20.0.10:3389; you are 203.0.113.2');
    expect(text).toContain('refused');
    expect(text).toContain('ipam.component.created');
    expect(text).toContain('All as it should be.');
    expect(code).toBe(0);
    expect(await demoNamespaces()).toEqual([]);
  }, 120_000);

  it('cleans up after an interruption, and its exit status tells', async () => {
    let interrupted = false;
    const { code, text } = await demo((child, soFar) => {
      if (interrupted || !soFar.includes(' 4. ')) return;
      interrupted = true;
      child.kill('SIGINT');
    });
    expect(code).toBe(130);
    expect(text).toContain('The lab is gone again.');
    expect(await demoNamespaces()).toEqual([]);
  }, 120_000);
});
