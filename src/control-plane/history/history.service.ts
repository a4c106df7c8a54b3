import { Injectable } from '@nestjs/common';
import { PROTOCOLS, type Protocol } from '../../contract/desired-state.js';
import { formatAddress, parseAddress } from '../../ip/address.js';
import type { Principal } from '../../platform/auth/principal.js';
import { Database } from '../../platform/database/database.js';
import { reply, type Reply } from '../../platform/http/reply.js';
import { invalidField } from '../../platform/problem/problem.js';
import type { Caller } from '../resource/caller.js';
import type { AddressHistoryQuery, AddressInSubnet, HistoryQuery, PortHistoryQuery } from './history.dto.js';
import { encodeCursor, momentOf, pageOf } from './history-page.js';
import { addressSegment, portSegment, type AddressRow, type PortRow, type SegmentRow } from './history-rows.js';
import { ADDRESS_AT, ADDRESS_NOW, ADDRESS_PAGE, PORT_AT, PORT_PAGE } from './history.queries.js';

/** How one kind of past is read and told. */
interface Reading<Row> {
  at: string;
  page: string;
  segment: (row: Row) => object;
}

const ADDRESSES: Reading<AddressRow> = { at: ADDRESS_AT, page: ADDRESS_PAGE, segment: addressSegment };
const PORTS: Reading<PortRow> = { at: PORT_AT, page: PORT_PAGE, segment: portSegment };

/** Answers who had an address, or a port of one, at any time. A member is told of what was its own. */
@Injectable()
export class HistoryService {
  constructor(private readonly database: Database) {}

  /** What an address is at present, and who holds it: as the list of leases, for everybody who may read. */
  async address(text: string): Promise<Reply> {
    const address = addressOf(text);
    const [subnets, holders] = await Promise.all([
      this.database.query<Omit<AddressInSubnet, 'holder'>>(ADDRESS_NOW, [address]),
      this.database.query<AddressRow>(ADDRESS_AT, ['infinity', null, null, address]),
    ]);
    const held = new Map(holders.map((row) => [row.subnet_id, addressSegment(row)]));
    return reply({
      body: { address, subnets: subnets.map((row) => ({ ...row, holder: held.get(row.subnet) ?? null })) },
    });
  }

  ofAddress({ principal }: Caller, text: string, query: AddressHistoryQuery): Promise<Reply> {
    const place = [query.pool?.toLowerCase() ?? null, ownersOf(principal), addressOf(text)];
    return this.read(ADDRESSES, query, place);
  }

  ofPort(
    { principal }: Caller,
    [text, protocolText, portText]: readonly [string, string, string],
    query: PortHistoryQuery,
  ): Promise<Reply> {
    const address = addressOf(text);
    const protocol = protocolOf(protocolText);
    const place = [query.gateway?.toLowerCase() ?? null, ownersOf(principal), address, protocol, portOf(portText)];
    return this.read(PORTS, query, place);
  }

  /** One moment, or a page; a page reads one more than it shows, to know whether it is the last. */
  private async read<Row extends SegmentRow>(
    { at, page, segment }: Reading<Row>,
    query: HistoryQuery,
    place: readonly unknown[],
  ): Promise<Reply> {
    const moment = momentOf(query);
    if (moment !== undefined) {
      const rows = await this.database.query<Row>(at, [moment, ...place]);
      return reply({ body: { history: rows.map(segment) } });
    }
    const { from, to, after, limit } = pageOf(query);
    const rows = await this.database.query<Row>(page, [from, to, after.since, after.space, limit + 1, ...place]);
    const shown = rows.slice(0, limit);
    const last = shown.at(-1);
    const more = rows.length > limit && last !== undefined;
    const next = more ? { next: encodeCursor({ since: last.since, space: last.space_id }) } : {};
    return reply({ body: { history: shown.map(segment), ...next }, ...next });
  }
}

/** Whose past the principal is told; null: everybody's. */
function ownersOf({ role, name, project }: Principal): string[] | null {
  return role === 'member' ? [name, ...(project === undefined ? [] : [project])] : null;
}

function addressOf(text: string): string {
  const address = parseAddress(text);
  if (address === undefined) {
    throw invalidField('address', 'must be an IPv4 or IPv6 address, without prefix length or zone');
  }
  return formatAddress(address);
}

function protocolOf(text: string): Protocol {
  const protocol = PROTOCOLS.find((known) => known === text.toLowerCase());
  if (protocol === undefined) throw invalidField('protocol', `must be one of ${PROTOCOLS.join(', ')}`);
  return protocol;
}

function portOf(text: string): number {
  const port = Number(text);
  if (!/^[0-9]{1,5}$/.test(text) || port < 1 || port > 65_535) {
    throw invalidField('port', 'must be a whole number from 1 to 65535');
  }
  return port;
}
