import { expect } from '@jest/globals';
import { query } from '../support/api.js';
import { placeOf, textOf } from './addresses.js';
import type { Model, Subnet } from './model.js';
import type { Walk } from './walk.js';

const byText = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? -1 : 1);

/** All that can be read is what the model has: resources, capacity, events, the past. */
export async function expectAgreement(walk: Walk): Promise<void> {
  const { model, api } = walk;
  const list = async (noun: string): Promise<{ id: string }[]> => {
    const { status, body } = await api.get(`/${noun}?limit=1000`);
    expect(status).toBe(200);
    return [...(body[noun] as { id: string }[])].sort(byText);
  };
  const pools = [...model.pools.values()].map(({ id, policy, quarantine, reuseEarly, version }) => {
    return { id, policy, quarantine, reuseEarly, version };
  });
  expect(await list('pools')).toEqual(pools.sort(byText).map((pool) => expect.objectContaining(pool)));

  const subnets = [...model.subnets.values()].map(({ id, version, pool, shape: { first, last, gateway } }) => ({
    ...{ id, version, pool: pool.id, start: textOf(pool.family, first), end: textOf(pool.family, last) },
    gatewayAddress: gateway === undefined ? null : textOf(pool.family, gateway),
  }));
  expect(await list('subnets')).toEqual(subnets.sort(byText).map((subnet) => expect.objectContaining(subnet)));

  const reservations = [...model.reservations.values()].map(({ id, version, owner, ttl, subnet, leases }) => ({
    ...{ id, version, owner, ttl, subnet: subnet.id, pool: subnet.pool.id },
    leases: leases.map((lease) =>
      expect.objectContaining({
        id: lease.id,
        version: lease.version,
        address: textOf(subnet.pool.family, lease.place),
      }),
    ),
  }));
  const there = await list('reservations');
  expect(there).toEqual(reservations.sort(byText).map((reservation) => expect.objectContaining(reservation)));

  for (const subnet of model.subnets.values()) {
    const { body } = await api.get(`/subnets/${subnet.id}/capacity`);
    expect(body).toEqual(expect.objectContaining(capacityOf(model, subnet)));
  }
  await expectSamePast(model, api.database);
}

function capacityOf(model: Model, subnet: Subnet): Record<string, string> {
  const { first, last } = subnet.shape;
  const { free, due, early } = model.open(subnet);
  const [size, held] = [last - first + 1, model.held(subnet).size];
  const resting = early.length - due.length;
  const open = free.length + due.length;
  const counts = { size, held, free: open, resting, excluded: size - held - open - resting };
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, String(count)]));
}

/** What loops tell in their own time is not the model's. */
const EVENTS = `
  SELECT subject || ' ' || split_part(type, '.', 3) AS event FROM outbox
  WHERE type !~ 'threshold|expiring' ORDER BY seq`;
const ENDED = `
  SELECT lease_id AS lease, host(address) AS address, owner FROM address_history WHERE released ORDER BY lease_id`;

async function expectSamePast(model: Model, database: string): Promise<void> {
  const events = (await query(database, EVENTS)) as { event: string }[];
  expect(bySubject(events.map(({ event }) => event))).toEqual(bySubject(model.told));
  const ended = (await query(database, ENDED)) as { lease: string; address: string; owner: string }[];
  const past = ended.map(({ lease, address, owner }) => `${lease} ${placeOf(address)} ${owner}`);
  expect(past.sort()).toEqual([...model.ended].sort());
}

/** Events of each resource, in order. */
function bySubject(events: readonly string[]): Record<string, string> {
  const subjects: Record<string, string> = {};
  for (const event of events) {
    const [subject = '', verb = ''] = event.split(' ');
    subjects[subject] = subject in subjects ? `${subjects[subject] ?? ''} ${verb}` : verb;
  }
  return subjects;
}

/** An end of the world: the next walk begins with nothing. */
export async function forget(database: string): Promise<void> {
  for (const table of ['pool', 'quota', 'address_history', 'outbox_packed'])
    await query(database, `DELETE FROM ${table}`);
}
