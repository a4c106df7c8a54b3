import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Lab } from './lab.js';

interface Reservation {
  id: string;
  leases: { address: string }[];
}

describe('vlab reservation create, precisely', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await Lab.create();
    await lab.ok('pool', 'create', '--name', 'lab', '--quarantine', '3600');
    await lab.ok('subnet', 'create', '--pool', 'lab', '--start', '10.0.0.0', '--end', '10.0.0.63');
  });
  afterAll(() => lab.stop());

  const reserve = async (...args: string[]): Promise<string[]> => {
    const made = await lab.json<Reservation>('reservation', 'create', ...args);
    return made.leases.map(({ address }) => address);
  };

  it('takes a block, an aligned one, or another address in place of one that is held', async () => {
    expect(await reserve('--pool', 'lab', '--count', '3', '--contiguous')).toEqual([
      '10.0.0.0',
      '10.0.0.1',
      '10.0.0.2',
    ]);
    expect(await reserve('--pool', 'lab', '--prefix-length', '30')).toEqual(
      ['4', '5', '6', '7'].map((n) => `10.0.0.${n}`),
    );
    expect(await reserve('--pool', 'lab', '--count', '2', '--align', '16')).toEqual(['10.0.0.16', '10.0.0.17']);
    const subnet = (await lab.json<{ subnets: { id: string }[] }>('subnet', 'list')).subnets[0]!.id;
    expect(await reserve('--subnet', subnet, '--address', '10.0.0.5', '--else-next')).toEqual(['10.0.0.3']);
    expect(await lab.vlab(['reservation', 'create', '--pool', 'lab', '--else-next'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--else-next needs --address'),
    });
    expect(await lab.vlab(['reservation', 'create', '--pool', 'lab', '--align', '3'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('must be a power of two'),
    });
  });

  it('shows with --dry-run what it would be, and takes nothing', async () => {
    const looked = await reserve('--pool', 'lab', '--count', '2', '--dry-run');
    expect(await reserve('--pool', 'lab', '--count', '2', '--dry-run')).toEqual(looked);
    expect(await reserve('--pool', 'lab', '--count', '2')).toEqual(looked);
  });

  it('sets how a pool gives addresses', async () => {
    expect(await lab.json('pool', 'show', 'lab')).toMatchObject({ policy: 'first', quarantine: 3600 });
    expect(
      await lab.json('pool', 'update', 'lab', '--policy', 'random', '--quarantine', '0', '--reuse-early'),
    ).toMatchObject({ policy: 'random', quarantine: 0, reuseEarly: true });
    expect(await lab.json('pool', 'update', 'lab', '--no-reuse-early')).toMatchObject({ reuseEarly: false });
    expect(await lab.vlab(['pool', 'update', 'lab', '--policy', 'sparse'])).toMatchObject({ code: 2 });
  });
});
