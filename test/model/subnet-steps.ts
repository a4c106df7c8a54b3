import type { Family } from '../../src/ip/address.js';
import { networkText, placeOf, textOf } from './addresses.js';
import { usable, type Rules, type Shape } from './model.js';
import { NOBODY, pick, type Step, type Walk } from './walk.js';

const PLACES = 100;

interface RulesBody {
  first: number;
  last: number;
  ranges: string[];
}

/** Rules that two numbers mean, for a range: as they are sent, and as the model has them. */
function rulesOf(
  family: Family,
  first: number,
  last: number,
  b: number,
  c: number,
): [RulesBody, Omit<Rules, 'unusable'>] {
  const from = first + (b % (last - first + 1));
  const to = Math.min(last, from + (c % 3));
  const text = from === to ? textOf(family, from) : `${textOf(family, from)}-${textOf(family, to)}`;
  const ranges = c % 2 === 0;
  return [
    { first: b % 3, last: c % 2, ranges: ranges ? [text] : [] },
    { first: b % 3, last: c % 2, ranges: ranges ? [[from, to]] : [] },
  ];
}

const PLAIN: Rules = { first: 0, last: 0, ranges: [], unusable: false };

export async function createSubnet(walk: Walk, { a, b, c, d }: Step): Promise<void> {
  const { model } = walk;
  const pool = pick(model.pools.values(), a);
  const family = pool?.family ?? 4;
  const path = `/pools/${pool?.id ?? NOBODY}/subnets`;
  const bits = c % 6;
  const ruled = d % 3 === 0;
  if (d % 4 === 3) {
    const first = pool && model.carve(pool, bits);
    const exclusions = { first: b % 2, last: c % 2 };
    const body = { name: 'carved', prefixLength: (family === 4 ? 32 : 128) - bits, ...(ruled ? { exclusions } : {}) };
    const refused =
      pool === undefined
        ? 'not-found'
        : pool.supernets.length === 0
          ? 'invalid-field'
          : first === undefined
            ? 'pool-exhausted'
            : undefined;
    const last = (first ?? 0) + 2 ** bits - 1;
    return add(
      { first: first ?? 0, last, rules: { ...PLAIN, unusable: true, ...(ruled ? exclusions : {}) } },
      body,
      refused,
    );
  }
  const network = d % 4 === 2;
  const first = network ? Math.floor((b % PLACES) / 2 ** bits) * 2 ** bits : b % PLACES;
  const last = first + (network ? 2 ** bits : 1 + (c % 24)) - 1;
  const [exclusions, rules] = rulesOf(family, first, last, a, b);
  const gateway = d % 5 === 0 ? first + (a % (last - first + 1)) : undefined;
  const body = {
    name: 'subnet',
    ...(network
      ? { cidr: networkText(family, first, bits) }
      : { start: textOf(family, first), end: textOf(family, last) }),
    ...(ruled ? { exclusions } : {}),
    ...(gateway === undefined ? {} : { gatewayAddress: textOf(family, gateway) }),
  };
  return add({ first, last, gateway, rules: { ...PLAIN, unusable: network, ...(ruled ? rules : {}) } }, body);

  async function add(shape: Shape, body: object, refused?: string): Promise<void> {
    const full = usable(shape, family).length === 0 ? 'invalid-field' : undefined;
    const expected =
      'prefixLength' in body ? (refused ?? full) : (full ?? (pool ? model.placing(pool, shape) : 'not-found'));
    if (d % 7 === 0) walk.expect(await walk.ask('POST', `${path}?dryRun=true`, body), expected ?? 200);
    const answer = await walk.post(path, body, d);
    walk.expect(answer, expected ?? 201);
    if (expected !== undefined || pool === undefined) return;
    const { id, start, end } = answer.body as { id: string; start: string; end: string };
    if (placeOf(start) !== shape.first || placeOf(end) !== shape.last)
      throw new Error(`${start} to ${end} is not what was asked`);
    model.subnets.set(id, { id, pool, shape, rests: [], version: 1 });
    model.tell('subnet', id, 'created');
  }
}

export async function changeSubnet(walk: Walk, { a, b, c, d }: Step): Promise<void> {
  const { model } = walk;
  const subnet = pick(model.subnets.values(), a);
  const { headers, code } = walk.condition(c, subnet);
  const path = `/subnets/${subnet?.id ?? NOBODY}`;
  const method = b % 6 === 5 ? 'PUT' : 'PATCH';
  if (subnet === undefined || d % 4 === 0) {
    const answer = await walk.ask(method, path, { name: `changed ${b}`, start: '' }, headers);
    walk.expect(answer, code ?? 200);
    if (code === undefined) changed();
    return;
  }
  const { pool, shape } = subnet;
  const first = Math.max(0, shape.first + (b % 9) - 4);
  const last = Math.max(0, shape.last + (c % 9) - 4);
  const shrunk = first <= last;
  const [exclusions, rules] = shrunk ? rulesOf(pool.family, first, last, c, b) : [null, PLAIN];
  const kind = d % 4;
  const body = {
    name: `changed ${b}`,
    start: textOf(pool.family, first),
    end: textOf(pool.family, last),
    ...(kind === 1 ? {} : { exclusions: kind === 2 ? exclusions : null }),
  };
  const after: Shape = {
    ...shape,
    ...{ first, last },
    rules: kind === 1 ? shape.rules : kind === 2 && exclusions !== null ? { ...shape.rules, ...rules } : PLAIN,
  };
  const answer = await walk.ask(method, path, body, headers);
  const refused = code ?? refusal();
  walk.expect(answer, refused ?? 200);
  if (refused !== undefined) return;
  model.reshape(subnet, after);
  changed();

  function refusal(): string | undefined {
    if (subnet === undefined || !shrunk) return 'invalid-field';
    const { gateway } = after;
    if (gateway !== undefined && (gateway < first || gateway > last)) return 'range-in-use';
    const left = usable(after, pool.family);
    if (left.length === 0) return 'invalid-field';
    if ([...model.held(subnet)].some((place) => !left.includes(place))) return 'range-in-use';
    return model.placing(pool, after, subnet);
  }

  function changed(): void {
    if (subnet === undefined) return;
    subnet.version++;
    model.tell('subnet', subnet.id, 'updated');
  }
}

export async function deleteSubnet(walk: Walk, { a, d }: Step): Promise<void> {
  const { model } = walk;
  const subnet = pick(model.subnets.values(), a);
  const { headers, code } = walk.condition(d, subnet);
  const answer = await walk.ask('DELETE', `/subnets/${subnet?.id ?? NOBODY}`, undefined, headers);
  walk.expect(answer, code ?? 204);
  if (code === undefined && subnet !== undefined) model.deleteSubnet(subnet);
}
