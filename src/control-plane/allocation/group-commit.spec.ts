import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { Problem } from '../../platform/problem/problem.js';
import { Failure, GroupCommit } from './group-commit.js';

/** A transaction that ends when the test says so. */
class Gate {
  readonly batches: string[][] = [];
  private readonly open: (() => void)[] = [];

  readonly run = async (_key: string, requests: readonly string[]): Promise<(string | Failure)[]> => {
    this.batches.push([...requests]);
    await new Promise<void>((resolve) => this.open.push(resolve));
    return requests.map((request) => {
      if (request === 'own') return new Failure(new Error('own'));
      return `did ${request}`;
    });
  };

  /** Lets the transaction that runs, or is about to, end. */
  async next(): Promise<void> {
    while (this.open.length === 0) await setImmediate();
    this.open.shift()?.();
  }
}

describe('GroupCommit', () => {
  it('runs the first at once, and all that arrive meanwhile together in the next', async () => {
    const gate = new Gate();
    const group = new GroupCommit(gate.run);
    const first = group.submit('k', 'a');
    const rest = ['b', 'c', 'd'].map((request) => group.submit('k', request));
    expect(gate.batches).toEqual([['a']]);
    await gate.next();
    await expect(first).resolves.toBe('did a');
    await gate.next();
    expect(gate.batches).toEqual([['a'], ['b', 'c', 'd']]);
    await expect(Promise.all(rest)).resolves.toEqual(['did b', 'did c', 'did d']);
  });

  it('does not let requests of different keys wait for each other', () => {
    const gate = new Gate();
    const group = new GroupCommit(gate.run);
    void group.submit('k', 'a');
    void group.submit('l', 'b');
    expect(gate.batches).toEqual([['a'], ['b']]);
  });

  it('has two in flight when many wait, and never more', async () => {
    const gate = new Gate();
    const group = new GroupCommit(gate.run);
    const all = Array.from({ length: 40 }, (_, n) => group.submit('k', String(n)));
    expect(gate.batches.map((batch) => batch.length)).toEqual([1, 8]);
    await gate.next();
    await all[0];
    await gate.next();
    await Promise.all(all.slice(1, 9));
    await gate.next();
    expect(await Promise.all(all)).toHaveLength(40);
    expect(gate.batches.map((batch) => batch.length)).toEqual([1, 8, 31]);
  });

  it('cuts what is more than a batch', async () => {
    const gate = new Gate();
    const group = new GroupCommit(gate.run, 2);
    const all = ['a', 'b', 'c', 'd'].map((request) => group.submit('k', request));
    for (const done of [[0], [1, 2], [3]]) {
      await gate.next();
      for (const index of done) await all[index];
    }
    expect(gate.batches).toEqual([['a'], ['b', 'c'], ['d']]);
  });

  it("leaves one caller's failure its own", async () => {
    const gate = new Gate();
    const group = new GroupCommit(gate.run);
    const first = group.submit('k', 'a');
    const [own, other] = [group.submit('k', 'own'), group.submit('k', 'b')];
    await gate.next();
    await first;
    await gate.next();
    await expect(own).rejects.toThrow('own');
    await expect(other).resolves.toBe('did b');
  });

  it('runs a batch that broke as a whole again, one by one', async () => {
    const batches: string[][] = [];
    const group = new GroupCommit<string, string>(async (_key, requests) => {
      batches.push([...requests]);
      await Promise.resolve();
      if (requests.includes('bad')) throw new Error('broken');
      return requests.map((request) => `did ${request}`);
    });
    const all = ['a', 'b', 'bad', 'c'].map((request) => group.submit('k', request));
    const settled = await Promise.allSettled(all);
    expect(settled.map((result) => result.status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    expect(batches).toEqual([['a'], ['b', 'bad', 'c'], ['b'], ['bad'], ['c']]);
  });

  it('lets others go past a transaction that does not move, for those that have patience only so long', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const group = new GroupCommit<string, string>(
      async (_key, requests) => {
        if (requests.includes('held')) await held;
        return requests.map((request) => `did ${request}`);
      },
      128,
      20,
    );
    const first = group.submit('k', 'held');
    await expect(Promise.all([group.submit('k', 'a'), group.submit('k', 'b')])).resolves.toEqual(['did a', 'did b']);
    await expect(group.submit('k', 'c')).resolves.toBe('did c');
    release();
    await expect(first).resolves.toBe('did held');
  });

  it('gives a problem that all have in common to all, without trying again', async () => {
    const batches: string[][] = [];
    const group = new GroupCommit<string, string>(async (_key, requests) => {
      batches.push([...requests]);
      await Promise.resolve();
      throw new Problem('not-found', 'gone');
    });
    const settled = await Promise.allSettled(['a', 'b', 'c'].map((request) => group.submit('k', request)));
    expect(settled.every((result) => result.status === 'rejected' && result.reason instanceof Problem)).toBe(true);
    expect(batches).toEqual([['a'], ['b', 'c']]);
    await expect(group.submit('k', 'd')).rejects.toThrow('gone'); // and the queue goes on
  });

  it('lets large requests share less, and two of them go at once', async () => {
    const gate = new Gate();
    const group = new GroupCommit(gate.run, 20, undefined, (request: string) => (request === 'large' ? 9 : 1));
    const all = ['a', 'large', 'large', 'large', 'b'].map((request) => group.submit('k', request));
    expect(gate.batches).toEqual([['a'], ['large']]);
    for (let n = 0; n < 3; n++) await gate.next();
    await expect(Promise.all(all)).resolves.toHaveLength(5);
    expect(gate.batches.slice(2)).toEqual([['large', 'large', 'b']]);
  });

  it('takes one that is larger than a transaction should be by itself', async () => {
    const gate = new Gate();
    const group = new GroupCommit(gate.run, 20, undefined, (request: string) => (request === 'huge' ? 30 : 1));
    const all = ['a', 'huge', 'b'].map((request) => group.submit('k', request));
    for (let n = 0; n < 3; n++) await gate.next();
    await Promise.all(all);
    expect(gate.batches).toEqual([['a'], ['huge'], ['b']]);
  });
});
