import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Lab } from './lab.js';

describe('vlab: bulk, quotas, whoami, order of lists', () => {
  let lab: Lab;
  let pool: string;

  beforeAll(async () => {
    lab = await Lab.create();
    await lab.furnish();
    pool = (await lab.json<{ id: string }>('pool', 'show', 'lab')).id;
  });
  afterAll(() => lab.stop());

  it('reservation bulk prints a result for each item, and fails when one failed', async () => {
    const file = join(lab.folder, 'changes.json');
    await writeFile(
      file,
      JSON.stringify({
        create: [
          { pool, name: 'a', metadata: { n: 1 } },
          { pool, count: 2 },
        ],
      }),
    );
    const made = await lab.ok('reservation', 'bulk', file);
    expect(made.split('\n').map((line) => line.split(/ {2,}/).slice(0, 3))).toEqual([
      ['ITEM', 'STATUS', 'ADDRESSES'],
      ['create 0', 'created', '10.20.0.1'],
      ['create 1', 'created', '10.20.0.2, 10.20.0.3'],
      [''],
    ]);
    const { id } = await lab.json<{ id: string }>('reservation', 'show', 'a');
    const input = JSON.stringify({ release: [id, id], create: [{ pool }] });
    const mixed = await lab.vlab(['reservation', 'bulk', '-'], { input });
    expect([mixed.code, mixed.stderr]).toEqual([1, expect.stringContaining('1 of 3 failed; the others are done.')]);
    expect(mixed.stdout).toMatch(/release 0 +released[^]*release 1 +not-found[^]*create 0 +created +10\.20\.0\.1 /);
    const atomic = await lab.vlab(['reservation', 'bulk', '-', '--atomic'], { input });
    expect(atomic).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining('release.0: There is no') });
    for (const bad of ['[]', '{', '']) {
      expect(await lab.vlab(['reservation', 'bulk', '-'], { input: bad })).toMatchObject({ code: 2, stdout: '' });
    }
    expect((await lab.vlab(['reservation', 'bulk', join(lab.folder, 'none')])).stderr).toContain('cannot be read');
  });

  it('quota set, list, show and delete', async () => {
    await lab.ok('quota', 'set', 'team/a', '--addresses', '7', '--per-request', '3');
    expect((await lab.ok('quota', 'list')).split('\n')).toEqual([
      'OWNER   ADDRESSES  PORT MAPS  PER REQUEST',
      'team/a  7          any        3',
      '',
    ]);
    expect(await lab.json('quota', 'show', 'team/a')).toMatchObject({
      quota: { addresses: 7 },
      held: { addresses: 0 },
    });
    expect(await lab.ok('quota', 'delete', 'team/a')).toBe('Deleted the quota of "team/a".\n');
    expect(await lab.vlab(['quota', 'delete', 'team/a'])).toMatchObject({ code: 3 });
    expect(await lab.vlab(['quota', 'set', 'team/a'])).toMatchObject({ code: 2 });
  });

  it('whoami says who, and what is held of how much', async () => {
    await lab.ok('quota', 'set', 'root', '--addresses', '50');
    expect(await lab.ok('whoami')).toMatch(/^name +root\nrole +admin\n[^]*\naddresses of root +\d+ of 50\n/m);
    expect(await lab.json('whoami')).toMatchObject({ name: 'root', role: 'admin' });
  });

  it('lists come in the order that is asked for, of those that the API has', async () => {
    await lab.ok('pool', 'create', '--name', 'zoo');
    const order = async (key: string): Promise<string[]> =>
      (await lab.json<{ pools: { name: string }[] }>('pool', 'list', '--sort', key)).pools.map(({ name }) => name);
    expect([await order('name'), await order('-name')]).toEqual([
      ['lab', 'zoo'],
      ['zoo', 'lab'],
    ]);
    const { code, stderr } = await lab.vlab(['lease', 'list', '--sort', 'name']);
    expect([code, stderr]).toEqual([2, expect.stringContaining('Allowed choices are id, -id, address, -address')]);
    expect(await lab.vlab(['reservation', 'list', '--sort', '-id'])).toMatchObject({ code: 0 });
  });
});
