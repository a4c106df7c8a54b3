import { Injectable } from '@nestjs/common';
import type { ReachabilityReport, ReachabilityState } from '../../contract/reachability.js';
import { checkedAddress, formatAddress, parseAddress } from '../../ip/address.js';
import { Database } from '../../platform/database/database.js';
import { reply, type Reply } from '../../platform/http/reply.js';
import { invalidField, notFound } from '../../platform/problem/problem.js';
import { UnitsOfWork } from '../events/unit-of-work.js';
import { GatewayLookup } from '../gateways/gateway-lookup.js';
import type { Caller } from '../resource/caller.js';
import { pathId } from '../resource/id.js';
import type { ReachabilityDocument, ReachabilityQuery } from './reachability.dto.js';
import { FORGET, OF_LEASE, PAGE, TELL } from './reachability.queries.js';

/** Rows of a page unless asked otherwise. */
export const PAGE_ROWS = 100;

type Changed = Omit<ReachabilityDocument, 'gateway'> & {
  was: ReachabilityState;
  owner: string | null;
  leases: string[];
};

/** What gateways know of the machines behind them: kept, told, shown. */
@Injectable()
export class ReachabilityService {
  constructor(
    private readonly database: Database,
    private readonly units: UnitsOfWork,
    private readonly gateways: GatewayLookup,
  ) {}

  /** Takes a gateway's report. A repeated one changes nothing and tells nothing. */
  async report(caller: Caller, name: string, { results, gone }: ReachabilityReport): Promise<Reply> {
    const gateway = await this.gateways.forAgent(caller, name);
    // One word on each address: a statement writes a row once.
    const latest = [...new Map(results.map((result) => [canonical(result.address), result]))];
    await this.units.run(async (unit) => {
      const changed = await unit.query<Changed>(TELL, [
        gateway.id,
        latest.map(([address]) => address),
        latest.map(([, { state }]) => state),
        latest.map(([, { since }]) => since),
        latest.map(([, { checkedAt }]) => checkedAt),
        latest.map(([, { seenAt }]) => seenAt),
        latest.map(([, { rttUs }]) => rttUs),
        latest.map(([, { ports }]) => JSON.stringify(ports.map(({ port, state }) => ({ port, state })))),
      ]);
      for (const { owner, ...row } of changed) {
        const data = { gateway: gateway.id, name: gateway.name, ...row };
        unit.emit({ noun: 'gateway', verb: 'reachability', id: gateway.id, owner: owner ?? gateway.owner, data });
      }
      unit.write(FORGET, [gateway.id, gone.map(canonical)]);
    }, caller);
    return reply({});
  }

  async list({ gateway: name, state, address, limit = PAGE_ROWS, cursor }: ReachabilityQuery): Promise<Reply> {
    const gateway = name === undefined ? null : await this.gateways.find(name);
    if (name !== undefined && gateway === null) throw invalidField('gateway', 'names no gateway');
    const [afterAddress = null, afterGateway = ''] = cursor === undefined ? [] : cursorParts(cursor);
    const rows = await this.database.query<ReachabilityDocument>(PAGE, [
      ...[gateway?.id ?? null, state ?? null, address ?? null, afterAddress, afterGateway, limit + 1],
    ]);
    const reachability = rows.slice(0, limit);
    const last = reachability.at(-1);
    const next = rows.length > limit && last !== undefined ? `${last.address} ${last.gateway}` : undefined;
    return reply({ body: { reachability, ...(next !== undefined && { next }) } });
  }

  async ofLease(id: string): Promise<Reply> {
    const [row] = await this.database.query<{ address: string; results: ReachabilityDocument[] }>(OF_LEASE, [
      pathId('lease', id),
    ]);
    if (row === undefined) throw notFound('lease', id);
    const states = row.results.map(({ state }) => state);
    const state = (['reachable', 'unreachable'] as const).find((one) => states.includes(one)) ?? 'unknown';
    return reply({ body: { address: row.address, state, results: row.results.map(withTimes) } });
  }
}

const canonical = (address: string): string => formatAddress(checkedAddress(address));

/** An address and what follows it, of a cursor. Throws `invalid-field`. */
export function cursorParts(cursor: string): [string, string] {
  const [address = '', rest = '', ...more] = cursor.split(' ');
  if (parseAddress(address) === undefined || more.length > 0) throw invalidField('cursor', 'is not one of this list');
  return [address, rest];
}

/** Within JSON PostgreSQL writes times as text, with its own offset. */
const withTimes = (row: ReachabilityDocument): ReachabilityDocument =>
  Object.assign(row, {
    since: new Date(row.since),
    checkedAt: new Date(row.checkedAt),
    seenAt: row.seenAt === null ? null : new Date(row.seenAt),
  });
