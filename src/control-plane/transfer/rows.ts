import { formatAddress } from '../../ip/address.js';
import { cidrOfRange } from '../../ip/cidr.js';
import { overlaps } from '../../ip/range.js';
import { parseRange } from '../../ip/range-text.js';
import { checkedInput } from '../../platform/http/input.js';
import { invalidField } from '../../platform/problem/problem.js';
import { ascending, DEFAULT_THRESHOLDS } from '../capacity/thresholds.js';
import { NewPool } from '../pools/pool.dto.js';
import { writtenSupernets } from '../pools/supernets.js';
import { askedExpiry, MAX_TTL, NEVER, type Expiry } from '../reservations/expiry.js';
import { arrayLiteral } from '../../platform/database/array-literal.js';
import { describeNew, type Described } from '../resource/change.js';
import { isId, newId } from '../resource/id.js';
import type { Exclusions } from '../subnets/exclusions.js';
import { NewSubnet } from '../subnets/subnet.dto.js';
import { writtenRange } from '../subnets/subnet-range.js';
import { newShape, shapeColumns } from '../subnets/subnet-shape.js';
import { addressOf, describedOf, idOf, lineOf, targetOf, type Members, type Target } from './fields.js';

/** A row of a staging table, in the order of its columns (staging.queries.ts). */
export type StagedRow = readonly unknown[];

const described = ({ name, tags, metadata }: Described): unknown[] => [name, arrayLiteral(tags), metadata.text];

export function poolRow(line: number, members: Members): StagedRow {
  const body = checkedInput({ ...members }, NewPool, false) as NewPool;
  return [
    ...[line, idOf(members), ...described(describeNew(body))],
    ...[body.policy ?? 'first', body.quarantine ?? 0, body.reuseEarly ?? false],
    arrayLiteral(writtenSupernets(body.supernets ?? [])),
    `{${ascending(body.thresholds ?? DEFAULT_THRESHOLDS).join()}}`,
  ];
}

/**
 * A subnet as export tells it has all rules of exclusion, also those that came to mean nothing when it was changed; those
 * are left out, since they are refused in a new subnet.
 */
function meaningful(exclusions: Partial<Exclusions>, body: NewSubnet): Partial<Exclusions> {
  if (Object.keys(exclusions).length < 6) return exclusions;
  const range = writtenRange(body);
  const whole = cidrOfRange(range) !== undefined;
  return {
    ...exclusions,
    ranges: (exclusions.ranges ?? []).filter((text) => {
      const hole = parseRange(text);
      return hole !== undefined && overlaps(hole, range);
    }),
    network: whole && exclusions.network === true,
    broadcast: whole && exclusions.broadcast === true,
    anycast: whole && exclusions.anycast === true,
  };
}

export function subnetRow(line: number, members: Members): StagedRow {
  const pool = lineOf(members, 'pool');
  if (pool === undefined) throw invalidField('pool', 'must be the id or the name of a pool');
  const body = checkedInput({ ...members }, NewSubnet, false) as NewSubnet;
  if (body.exclusions != null) body.exclusions = meaningful(body.exclusions, body);
  const { first, last, gatewayAddress, exclusions } = shapeColumns(newShape(body, writtenRange(body)));
  const rest = [first, last, gatewayAddress, JSON.stringify(exclusions)];
  return [line, idOf(members), ...described(describeNew(body)), pool, ...rest];
}

/** What rows need to know of their import. */
export interface Context {
  /** Who imports: owns what has no owner. */
  principal: string;
  now: Date;
  noticeSeconds: number;
  /** The number under which a subnet is staged that records name. */
  target(target: Target): number;
}

/** The end as export tells it: with a ttl and the time that it came to, of which the time counts. */
function expiryOf(members: Members, { now, noticeSeconds }: Context): Expiry {
  const { ttl, expiresAt } = members;
  if (ttl !== undefined && !(Number.isInteger(ttl) && (ttl as number) >= 1 && (ttl as number) <= MAX_TTL)) {
    throw invalidField('ttl', `must be a whole number from 1 to ${MAX_TTL}`);
  }
  if (expiresAt === undefined) {
    return ttl === undefined ? NEVER : (askedExpiry({ ttl: ttl as number }, now, noticeSeconds) ?? NEVER);
  }
  if (typeof expiresAt !== 'string') throw invalidField('expiresAt', 'must be a time as RFC 3339 has it');
  const expiry = askedExpiry({ expiresAt }, now, noticeSeconds) ?? NEVER;
  return { ...expiry, ttl: (ttl as number | undefined) ?? null };
}

export function reservationRow(line: number, members: Members, context: Context): StagedRow {
  const target = targetOf(members);
  if (target === undefined)
    throw invalidField('subnet', 'must be an id, a network, or the first address of the subnet');
  const { expiresAt, ttl, noticeAt } = expiryOf(members, context);
  const owner = lineOf(members, 'owner') ?? context.principal;
  const description = described(describedOf(members));
  return [line, idOf(members), ...description, owner, expiresAt, ttl, noticeAt, context.target(target), 'reservation'];
}

/** A lease; without a reservation it gets one of its own, which has no more than an owner. */
export function leaseRows(
  line: number,
  members: Members,
  context: Context,
): { lease: StagedRow; reservation?: StagedRow } {
  const address = addressOf(members, 'address');
  const named = lineOf(members, 'reservation');
  const target = targetOf(members);
  const owner = lineOf(members, 'owner');
  if (named === undefined && target === undefined) {
    throw invalidField('reservation', 'must be the id or the name of a reservation of the file; or give the subnet');
  }
  if (named !== undefined && owner !== undefined) {
    throw invalidField('owner', 'must not be given with a reservation, whose owner counts');
  }
  const number = target === undefined ? null : context.target(target);
  const byName = named !== undefined && !isId(named);
  const own = named === undefined ? newId() : undefined;
  const reference = own ?? (byName ? named : named?.toLowerCase());
  const lease = [
    ...[line, idOf(members), ...described(describedOf(members))],
    ...[reference, byName, own === undefined ? number : null, formatAddress(address), String(address.value)],
  ];
  if (own === undefined) return { lease };
  return {
    lease,
    reservation: [line, own, '', '{}', 'null', owner ?? context.principal, null, null, null, number, 'lease'],
  };
}
