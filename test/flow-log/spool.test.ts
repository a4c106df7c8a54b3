import { appendFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Spool } from '../../src/gateway/flow-log/spool.js';

const MIB = 1024 * 1024;

describe('the spool of the flow log', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'berth-spool-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  async function fill(spool: Spool, ...lines: string[]): Promise<void> {
    for (const line of lines) spool.append(line);
    await spool.flush();
  }

  async function drain(spool: Spool, bytes = MIB): Promise<string[]> {
    const all: string[] = [];
    for (let batch = await spool.read(bytes); batch !== undefined; batch = await spool.read(bytes)) {
      all.push(...batch.lines);
      await spool.commit(batch.next);
    }
    return all;
  }

  it('gives lines in order, and those again that were not acknowledged', async () => {
    const spool = await Spool.open(directory, MIB);
    await fill(spool, 'one', 'two');
    const first = await spool.read(MIB);
    expect(first?.lines).toEqual(['one', 'two']);
    await fill(spool, 'three');
    expect(await drain(spool)).toEqual(['one', 'two', 'three']);
    expect(await spool.read(MIB)).toBeUndefined();
    await spool.close();
  });

  it('loses no line that is appended while others are written', async () => {
    const spool = await Spool.open(directory, MIB);
    spool.append('one');
    const writing = spool.flush();
    spool.append('two');
    await Promise.all([writing, spool.flush()]);
    expect(await drain(spool)).toEqual(['one', 'two']);
    expect(spool.pending).toBe(0);
    await spool.close();
  });

  it('goes on in the next process where the last was killed, without the line that it had not written whole', async () => {
    const killed = await Spool.open(directory, MIB);
    await fill(killed, 'one', 'two', 'three');
    const batch = await killed.read(5);
    expect(batch?.lines).toEqual(['one']);
    if (batch !== undefined) await killed.commit(batch.next);
    const [segment = ''] = (await readdir(directory)).filter((name) => name.endsWith('.log')).slice(-1);
    await killed.close();
    await appendFile(join(directory, segment), 'half a li');
    const next = await Spool.open(directory, MIB);
    await fill(next, 'four');
    expect(await drain(next)).toEqual(['two', 'three', 'four']);
    const third = await Spool.open(directory, MIB);
    expect(await drain(third)).toEqual([]);
    await Promise.all([next.close(), third.close()]);
  });

  it('delivers again rather than lose when the cursor is damaged', async () => {
    const spool = await Spool.open(directory, MIB);
    await fill(spool, 'one');
    expect(await drain(spool)).toEqual(['one']);
    await spool.close();
    await writeFile(join(directory, 'cursor.json'), '{"segm');
    const next = await Spool.open(directory, MIB);
    expect(await drain(next)).toEqual(['one']);
    await next.close();
  });

  it('stays within its bytes, drops the oldest and counts every line of it', async () => {
    const spool = await Spool.open(directory, MIB);
    const lines = Array.from({ length: 30_000 }, (_, index) => `${String(index).padStart(6, '0')} ${'x'.repeat(90)}`);
    for (let at = 0; at < lines.length; at += 500) await fill(spool, ...lines.slice(at, at + 500));
    const files = (await readdir(directory)).filter((name) => name.endsWith('.log'));
    const sizes = await Promise.all(files.map(async (name) => (await stat(join(directory, name))).size));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(MIB);
    const left = await drain(spool);
    expect(spool.dropped).toBeGreaterThan(0);
    expect(left.length + spool.dropped).toBe(lines.length);
    expect(left).toEqual(lines.slice(spool.dropped));
    await spool.close();
  });

  it('removes what is delivered', async () => {
    const spool = await Spool.open(directory, MIB);
    for (let round = 0; round < 20; round++) {
      await fill(spool, ...Array.from({ length: 500 }, () => 'y'.repeat(100)));
      await drain(spool);
    }
    expect((await readdir(directory)).filter((name) => name.endsWith('.log')).length).toBeLessThanOrEqual(2);
    expect(JSON.parse(await readFile(join(directory, 'cursor.json'), 'utf8'))).toMatchObject({
      offset: expect.any(Number),
    });
    expect(spool.dropped).toBe(0);
    await spool.close();
  });
});
