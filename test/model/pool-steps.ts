import { POLICIES } from '../../src/control-plane/allocation/need.js';
import { networkText } from './addresses.js';
import type { Pool } from './model.js';
import { NOBODY, pick, type Step, type Walk } from './walk.js';

const MAX_POOLS = 4;
/** None, one network, two that do not touch; first place and bits. */
const SUPERNETS: Pool['supernets'][] = [
  [],
  [[0, 6]],
  [
    [0, 5],
    [64, 5],
  ],
];

const supernetsText = ({ family }: Pick<Pool, 'family'>, supernets: Pool['supernets']): string[] =>
  supernets.map(([place, bits]) => networkText(family, place, bits));

export async function createPool(walk: Walk, { a, b, c, d }: Step): Promise<void> {
  const { model } = walk;
  if (model.pools.size >= MAX_POOLS) return;
  const family = a % 3 === 2 ? 6 : 4;
  const settings = {
    policy: POLICIES[b % 3] ?? 'first',
    quarantine: c % 2 === 0 ? 0 : 3600,
    reuseEarly: d % 2 === 1,
  };
  const supernets = SUPERNETS[c % 3] ?? [];
  const body = { name: 'pool', ...settings, supernets: supernetsText({ family }, supernets) };
  const answer = await walk.post('/pools', body, d);
  walk.expect(answer, 201);
  const id = answer.body.id as string;
  model.pools.set(id, { id, family, ...settings, supernets, version: 1 });
  model.tell('pool', id, 'created');
}

/** The policy stays: what rests its turn under one is swept under another at no moment that a model could foresee. */
export async function changePool(walk: Walk, { a, b, c, d }: Step): Promise<void> {
  const { model } = walk;
  const pool = pick(model.pools.values(), a);
  const quarantine = b % 2 === 0 ? 0 : 3600;
  const supernets = d % 3 === 0 ? SUPERNETS[b % 3] : undefined;
  const body = {
    name: `changed ${b}`,
    ...(c % 2 === 0 ? { quarantine, reuseEarly: b % 3 === 0 } : {}),
    ...(pool !== undefined && supernets !== undefined ? { supernets: supernetsText(pool, supernets) } : {}),
  };
  const { headers, code } = walk.condition(d, pool);
  const answer = await walk.ask(c % 4 < 2 ? 'PATCH' : 'PUT', `/pools/${pool?.id ?? NOBODY}`, body, headers);
  if (code !== undefined || pool === undefined) {
    walk.expect(answer, code ?? 'not-found');
    return;
  }
  if (supernets !== undefined) {
    const inside = model
      .subnetsOf(pool)
      .every(({ shape }) => supernets.some(([place, bits]) => place <= shape.first && shape.last < place + 2 ** bits));
    const same = String(supernets) === String(pool.supernets);
    if (!inside && !same) {
      walk.expect(answer, 'range-in-use');
      return;
    }
    pool.supernets = supernets;
  }
  walk.expect(answer, 200);
  if (c % 2 === 0) [pool.quarantine, pool.reuseEarly] = [quarantine, b % 3 === 0];
  pool.version++;
  model.tell('pool', pool.id, 'updated');
  walk.version(answer, pool);
}

export async function deletePool(walk: Walk, { a, d }: Step): Promise<void> {
  const { model } = walk;
  const pool = pick(model.pools.values(), a);
  const { headers, code } = walk.condition(d, pool);
  const answer = await walk.ask('DELETE', `/pools/${pool?.id ?? NOBODY}`, undefined, headers);
  if (code !== undefined || pool === undefined) {
    walk.expect(answer, code ?? 'not-found');
    return;
  }
  walk.expect(answer, 204);
  model.deletePool(pool);
}
