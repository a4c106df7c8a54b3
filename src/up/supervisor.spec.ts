import { describe, expect, it } from '@jest/globals';
import { Running, Supervisor } from './supervisor.js';

const QUICK = { firstMs: 10, longestMs: 40, settledMs: 60_000 };

/** A process that ends when the test says so. */
class Part implements Running {
  readonly ended: Promise<string>;
  readonly calls: string[] = [];
  end!: (how: string) => void;
  constructor(readonly pid: number) {
    this.ended = new Promise((resolve) => (this.end = resolve));
  }
  async stop(): Promise<void> {
    this.calls.push('stop');
    this.end('exit status 0');
  }
  kill(): void {
    this.calls.push('kill');
    this.end('SIGKILL');
  }
}

function supervise(failures: readonly number[] = []) {
  const parts: Part[] = [];
  const said: string[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  let launches = 0;
  const supervisor = new Supervisor(
    'part',
    async () => {
      launches += 1;
      if (failures.includes(launches)) throw new Error('no such luck');
      const part = new Part(launches);
      parts.push(part);
      return part;
    },
    (line) => {
      said.push(line);
      for (const { count, resolve } of waiting) if (said.length >= count) resolve();
    },
    QUICK,
  );
  const lines = (count: number) =>
    new Promise<void>((resolve) => (said.length >= count ? resolve() : waiting.push({ count, resolve })));
  return { supervisor, parts, said, lines };
}

describe('Supervisor', () => {
  it('starts a part again after growing pauses, and says so', async () => {
    const { supervisor, parts, said, lines } = supervise([2, 3]);
    await supervisor.start();
    parts[0]!.end('SIGSEGV');
    await lines(4);
    expect(said).toEqual([
      'part ended by itself (SIGSEGV); it starts again in 0.0 s',
      'part did not start: no such luck; it starts again in 0.0 s',
      'part did not start: no such luck; it starts again in 0.0 s',
      'part runs again',
    ]);
    expect(parts.map(({ pid }) => pid)).toEqual([1, 4]);
    await supervisor.stop();
    expect(parts[1]!.calls).toEqual(['stop']);
  });

  it('leaves the first failure to the caller', async () => {
    const { supervisor, said } = supervise([1]);
    await expect(supervisor.start()).rejects.toThrow('no such luck');
    expect(said).toEqual([]);
    await supervisor.stop();
  });

  it('says nothing and starts nothing when it stops a part', async () => {
    const { supervisor, parts, said } = supervise();
    await supervisor.start();
    await supervisor.stop();
    expect([parts.length, said]).toEqual([1, []]);
  });

  it('does not wait for the pause to end when told to stop', async () => {
    const parts: Part[] = [];
    const launch = async (): Promise<Part> => {
      parts.push(new Part(1));
      return parts.at(-1)!;
    };
    let tell: () => void;
    const told = new Promise<void>((resolve) => (tell = resolve));
    const supervisor = new Supervisor('part', launch, () => tell(), {
      firstMs: 3_600_000,
      longestMs: 3_600_000,
      settledMs: 1,
    });
    await supervisor.start();
    parts[0]!.end('exit status 1');
    await told;
    await supervisor.stop();
    expect(parts).toHaveLength(1);
  });

  it('starts anew without a pause on restart', async () => {
    const { supervisor, parts, said, lines } = supervise();
    await supervisor.start();
    await supervisor.restart();
    await lines(1);
    expect(said).toEqual(['part runs again']);
    expect(parts).toHaveLength(2);
    await supervisor.stop();
  });

  it('stops a part that is still starting', async () => {
    const part = new Part(1);
    let started!: (part: Part) => void;
    const supervisor = new Supervisor(
      'part',
      () => new Promise((resolve) => (started = resolve)),
      () => undefined,
      QUICK,
    );
    const starting = supervisor.start();
    const stopping = supervisor.stop();
    started(part);
    await Promise.all([starting, stopping]);
    expect(part.calls).toEqual(['stop']);
  });
});
