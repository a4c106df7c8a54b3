import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Api } from '../support/api.js';
import { eventually } from '../support/eventually.js';

let api: Api;
beforeAll(async () => {
  api = await Api.start();
});
afterAll(() => api.close());

interface Held {
  id: string;
  lease: string;
  owner: string;
  names: [reservation: string, lease: string];
}

const step = fc.record({
  what: fc.constantFrom('claim', 'claim', 'release', 'rename reservation', 'rename lease', 'delete pool'),
  pool: fc.nat(1),
  address: fc.nat(1),
  owner: fc.constantFrom('ann', 'bob'),
  name: fc.constantFrom('a', 'b', 'c'),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const textOf = (address: number): string => `10.1.0.${address + 1}`;

/** Two pools with the same two addresses, and who holds what; a pool that is deleted is followed by another. */
class World {
  private readonly pools: { pool: string; subnet: string }[] = [];
  readonly held = new Map<string, Held>();

  async begin(): Promise<void> {
    for (const n of [0, 1]) this.pools[n] = await api.subnet('10.1.0.1', '10.1.0.2');
  }

  async carryOut({ what, pool, address, owner, name }: Step): Promise<void> {
    const { pool: id = '', subnet = '' } = this.pools[pool] ?? {};
    const key = `${id} ${textOf(address)}`;
    const holder = this.held.get(key);
    if (what === 'delete pool') {
      expect((await api.delete(`/pools/${id}`)).status).toBe(204);
      for (const other of [...this.held.keys()]) if (other.startsWith(id)) this.held.delete(other);
      this.pools[pool] = await api.subnet('10.1.0.1', '10.1.0.2');
    } else if (holder === undefined) {
      const made = await api.make(`/subnets/${subnet}/reservations`, { addresses: [textOf(address)], owner, name });
      this.held.set(key, { id: made.id as string, lease: made.leases[0].id as string, owner, names: [name, ''] });
    } else if (what === 'release') {
      expect((await api.delete(`/reservations/${holder.id}`)).status).toBe(204);
      this.held.delete(key);
    } else {
      const [path, index] =
        what === 'rename lease' ? [`/leases/${holder.lease}`, 1] : [`/reservations/${holder.id}`, 0];
      expect((await api.patch(path, { name })).status).toBe(200);
      holder.names[index as 0 | 1] = name;
    }
  }

  /** Who holds an address, by pool. */
  holders(address: string): string[] {
    return [...this.held]
      .filter(([key]) => key.endsWith(` ${address}`))
      .map(([key, { owner, names }]) => [key.split(' ')[0], owner, ...names].join())
      .sort();
  }
}

interface Entry {
  pool: string;
  owner: string;
  reservation: { name: string };
  lease: { name: string };
}

/** Any moment between two steps, with what the model says of it. */
interface Moment {
  time: number;
  holders: Record<string, string[]>;
}

it('at any moment the history says what a model says', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 10, maxLength: 25 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      async (steps, part) => {
        const world = new World();
        await world.begin();
        const moments: Moment[] = [];
        for (const one of steps) {
          await world.carryOut(one);
          const from = Date.now() + 1;
          await eventually('some milliseconds', () => Date.now() > from + 2);
          const time = from + Math.floor(part * (Date.now() - 1 - from));
          const holders = Object.fromEntries([0, 1].map((n) => [textOf(n), world.holders(textOf(n))]));
          moments.push({ time, holders });
        }
        for (const { time, holders } of moments) {
          for (const [address, expected] of Object.entries(holders)) {
            const { body } = await api.get(`/addresses/${address}/history?at=${new Date(time).toISOString()}`);
            const told = (body.history as Entry[]).map((entry) =>
              [entry.pool, entry.owner, entry.reservation.name, entry.lease.name].join(),
            );
            expect(told.sort()).toEqual(expected);
          }
        }
        // the world ends; the past of the next run's addresses must not be this one's
        await api.sql('DELETE FROM pool');
        await api.sql('DELETE FROM address_history');
      },
    ),
    { numRuns: 3 },
  );
});
