import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Lab } from './lab.js';

describe('vlab export', () => {
  let lab: Lab;

  beforeAll(async () => {
    lab = await Lab.create();
    await lab.furnish();
    await lab.ok('reservation', 'create', '--pool', 'lab', '--count', '2');
  });
  afterAll(() => lab.stop());

  it('prints JSON', async () => {
    const { pools, leases } = JSON.parse(await lab.ok('export')) as { pools: { name: string }[]; leases: unknown[] };
    expect(pools.map(({ name }) => name)).toEqual(['lab']);
    expect(leases).toHaveLength(2);
  });

  it('writes a file in the format that its name has', async () => {
    const file = join(lab.folder, 'leases.csv');
    const { code, stdout, stderr } = await lab.vlab(['export', '--type', 'leases', '--pool', 'lab', '-o', file]);
    expect([code, stdout, stderr]).toEqual([0, '', `Exported to ${file}.\n`]);
    const [header = '', ...lines] = (await readFile(file, 'utf8')).trimEnd().split('\r\n');
    expect(header).toMatch(/^type,id,name,tags,metadata,subnet,reservation,address,/);
    expect(lines.map((line) => /10\.20\.0\.\d+/.exec(line)?.[0])).toEqual(['10.20.0.1', '10.20.0.2']);
  });

  it('leaves no file when it fails, and says why', async () => {
    const file = join(lab.folder, 'nothing.json');
    expect(await lab.vlab(['export', '--pool', 'nobody', '-o', file])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('pool: names no pool'),
    });
    expect(await lab.vlab(['export', '--url', 'http://127.0.0.1:1', '-o', file])).toMatchObject({ code: 1 });
    expect(await lab.vlab(['export', '--type', 'zebras'])).toMatchObject({ code: 2 });
    expect((await readdir(lab.folder)).filter((name) => name.startsWith('nothing'))).toEqual([]);
  });
});
