import { randomUUID } from 'node:crypto';
import { expect } from '@jest/globals';
import { placeOf, textOf } from './addresses.js';
import { granted, type Ask, type Granted } from './granting.js';
import type { Lease, Subnet } from './model.js';
import { NOBODY, pick, type Step, type Walk } from './walk.js';

const OWNERS = ['ann', 'bob', 'cyd'];
export const ownerOf = (number: number): string => OWNERS[number % OWNERS.length] ?? 'ann';

/** What numbers ask for: as it is sent, and as the model has it. */
function asked(subnet: Subnet, { a, b, c, d }: Step): [body: object, ask: Ask] {
  const owner = ownerOf(d);
  const { family } = subnet.pool;
  const many = 1 + (b % 5);
  switch (c % 8) {
    case 0:
    case 1: {
      const { first, last } = subnet.shape;
      // the odd one lies beside the subnet
      const places = Array.from({ length: 1 + (b % 3) }, (_, n) => first + ((a + n * 3) % (last - first + 2)));
      const distinct = [...new Set(places)];
      const orOthers = c % 8 === 1;
      const addresses = distinct.map((place) => textOf(family, place));
      return [
        { owner, addresses, ...(orOthers ? { otherwise: 'next' } : {}) },
        { owner, places: distinct, count: distinct.length, orOthers },
      ];
    }
    case 2:
      return [
        { owner, count: many, contiguous: true },
        { owner, count: many, align: 1 },
      ];
    case 3: {
      const align = 2 ** (a % 4);
      return [
        { owner, count: many, align },
        { owner, count: many, align },
      ];
    }
    case 4: {
      const bits = a % 4;
      return [
        { owner, prefixLength: (family === 4 ? 32 : 128) - bits },
        { owner, count: 2 ** bits, align: 2 ** bits },
      ];
    }
    case 5:
      return [{ owner }, { owner, count: 1 }];
    default:
      return [
        { owner, count: many },
        { owner, count: many },
      ];
  }
}

export async function createReservation(walk: Walk, step: Step): Promise<void> {
  const { model } = walk;
  const subnet = pick(model.subnets.values(), step.a);
  if (subnet === undefined) {
    const path = step.b % 2 === 0 ? 'subnets' : 'pools';
    walk.expect(await walk.post(`/${path}/${NOBODY}/reservations`, {}, step.d), 'not-found');
    return;
  }
  const [wanted, ask] = asked(subnet, step);
  const target = step.b % 2 === 0 ? subnet : subnet.pool;
  const path = `/${'pool' in target ? 'subnets' : 'pools'}/${target.id}/reservations`;
  const chosen = step.d % 6;
  const taken = chosen === 0 ? pick(model.reservations.keys(), step.b) : undefined;
  const id = chosen > 1 ? undefined : (taken ?? randomUUID());
  const ttl = step.d % 5 === 0 ? 3600 : null;
  const body = { ...wanted, ...(id === undefined ? {} : { id }), ...(ttl === null ? {} : { ttl }) };
  const outcome: Granted = taken === undefined ? granted(model, target, ask) : { refused: 'duplicate-id' };
  if (step.d % 7 === 0) {
    const preview = await walk.ask('POST', `${path}?dryRun=true`, body);
    walk.expect(preview, 'refused' in outcome ? outcome.refused : 200);
    if (!('refused' in outcome)) leasesOf(outcome, ask, preview.body);
  }
  const answer = await walk.post(path, body, step.d);
  if ('refused' in outcome) {
    walk.expect(answer, outcome.refused);
    return;
  }
  walk.expect(answer, 201);
  if (id !== undefined) expect(answer.body.id).toBe(id);
  const leases = leasesOf(outcome, ask, answer.body);
  model.hold({ id: answer.body.id as string, subnet: outcome.subnet, owner: ask.owner, ttl, leases });
}

type Document = { subnet: string; owner: string; leases: { id: string; address: string }[] };

/** The leases of an answer, which must be what the model granted. */
function leasesOf(outcome: Exclude<Granted, { refused: string }>, ask: Ask, body: Document): Lease[] {
  const leases = body.leases.map(({ id, address }) => ({ id, place: placeOf(address), version: 1 }));
  const places = leases.map(({ place }) => place);
  expect([body.subnet, body.owner]).toEqual([outcome.subnet.id, ask.owner]);
  expect(places).toEqual([...places].sort((a, b) => a - b));
  const drawn = places.filter((place) => !outcome.places.includes(place));
  expect(places.filter((place) => outcome.places.includes(place))).toEqual([...outcome.places].sort((a, b) => a - b));
  expect([new Set(drawn).size, drawn.length]).toEqual([
    outcome.count * Number(outcome.among !== undefined),
    drawn.length,
  ]);
  expect(drawn.filter((place) => outcome.among?.includes(place) !== true)).toEqual([]);
  expect(places).toHaveLength(ask.count);
  return leases;
}

export async function changeReservation(walk: Walk, { a, b, c, d }: Step): Promise<void> {
  const { model } = walk;
  const reservation = pick(model.reservations.values(), a);
  const { headers, code } = walk.condition(d, reservation);
  const path = `/reservations/${reservation?.id ?? NOBODY}`;
  const renews = b % 2 === 0;
  const ttl = c % 3 === 0 ? 7200 : undefined;
  const body = { ...(renews ? {} : { name: `changed ${c}` }), ...(ttl === undefined ? {} : { ttl }) };
  const answer = renews
    ? await walk.ask('POST', `${path}/renew`, body, headers)
    : await walk.ask(c % 2 === 0 ? 'PATCH' : 'PUT', path, body, headers);
  const endless = renews && ttl === undefined && reservation?.ttl === null ? 'invalid-field' : undefined;
  const refused = code ?? endless;
  walk.expect(answer, refused ?? 200);
  if (refused !== undefined || reservation === undefined) return;
  if (ttl !== undefined) reservation.ttl = ttl;
  reservation.version++;
  model.tell('reservation', reservation.id, renews ? 'renewed' : 'updated');
  walk.version(answer, reservation);
}

export async function deleteReservation(walk: Walk, { a, d }: Step): Promise<void> {
  const { model } = walk;
  const reservation = pick(model.reservations.values(), a);
  const { headers, code } = walk.condition(d, reservation);
  const answer = await walk.ask('DELETE', `/reservations/${reservation?.id ?? NOBODY}`, undefined, headers);
  walk.expect(answer, code ?? 204);
  if (code === undefined && reservation !== undefined) model.release(reservation, reservation.leases);
}

export async function touchLease(walk: Walk, { a, b, c, d }: Step): Promise<void> {
  const { model } = walk;
  const reservation = pick(model.reservations.values(), a);
  const lease = reservation?.leases[b % reservation.leases.length];
  const { headers, code } = walk.condition(d, lease);
  const path = `/leases/${lease?.id ?? NOBODY}`;
  const releases = c % 2 === 0;
  const answer = releases
    ? await walk.ask('DELETE', path, undefined, headers)
    : await walk.ask('PATCH', path, { name: `changed ${b}` }, headers);
  walk.expect(answer, code ?? (releases ? 204 : 200));
  if (code !== undefined || reservation === undefined || lease === undefined) return;
  if (releases) {
    model.release(reservation, [lease]);
    return;
  }
  lease.version++;
  model.tell('lease', lease.id, 'updated');
  walk.version(answer, lease);
}
