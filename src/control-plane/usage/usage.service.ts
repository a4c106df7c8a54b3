import { Injectable } from '@nestjs/common';
import type { UsageReport } from '../../contract/usage.js';
import { owns } from '../../platform/auth/principal.js';
import { Database } from '../../platform/database/database.js';
import { reply, type Reply } from '../../platform/http/reply.js';
import { notFound, Problem } from '../../platform/problem/problem.js';
import { UnitsOfWork } from '../events/unit-of-work.js';
import { GatewayLookup } from '../gateways/gateway-lookup.js';
import type { Caller } from '../resource/caller.js';
import { isId } from '../resource/id.js';
import { isUnprintable } from '../resource/validators.js';
import { daysOf, type UsageRow } from './summary.js';
import { COMPONENTS_NAMED, COUNTERS, KEEP_USAGE, LAST_USED, USAGE_OF_COMPONENT } from './usage.queries.js';
import type { PortMapCounters } from './usage.dto.js';

interface Subject {
  owner: string;
  name: string;
}

const DAYS = 30;

/** What gateways saw pass through port maps: kept by day, shown by component and by map. */
@Injectable()
export class UsageService {
  constructor(
    private readonly database: Database,
    private readonly units: UnitsOfWork,
    private readonly gateways: GatewayLookup,
  ) {}

  /** Tells no event: it would be one for each use of each map, every few seconds (decision 39). */
  async keep(caller: Caller, name: string, { epoch, maps }: UsageReport): Promise<Reply> {
    const gateway = await this.gateways.forAgent(caller, name);
    // One row cannot be changed twice by one statement; the later of two is the one that counts.
    const rows = [...new Map(maps.map((map) => [`${map.id} ${map.day}`, map])).values()];
    await this.units.run(async (unit) => {
      await unit.query(KEEP_USAGE, [
        gateway.id,
        epoch,
        rows.map((row) => row.id),
        rows.map((row) => row.day),
        rows.map((row) => row.connections),
        rows.map((row) => row.packets),
        rows.map((row) => row.bytes),
        rows.map((row) => row.lastUsed),
        rows.map((row) => JSON.stringify(row.clients)),
        rows.map((row) => row.otherConnections),
        rows.map((row) => row.owner),
        rows.map((row) => row.name),
        rows.map((row) => row.component),
      ]);
    }, caller);
    return reply({});
  }

  async ofComponent(caller: Caller, idOrName: string, days = DAYS): Promise<Reply> {
    const { owner, name } = await this.subject(caller, idOrName);
    const rows = await this.database.query<UsageRow>(USAGE_OF_COMPONENT, [owner, name, days]);
    const [last] = await this.database.query<{ lastUsed: Date | null }>(LAST_USED, [owner, name]);
    const { principal } = caller;
    const shown = daysOf(rows, principal.role !== 'member' || owns(principal, owner));
    const total = (of: (day: (typeof shown)[number]) => number): number => shown.reduce((sum, day) => sum + of(day), 0);
    return reply({
      body: {
        component: name,
        owner,
        lastUsed: last?.lastUsed ?? null,
        connections: total((day) => day.connections),
        packets: total((day) => day.packets),
        bytes: total((day) => day.bytes),
        days: shown,
      },
    });
  }

  /** By id, or by name: the caller's own first. One that is deleted is known by its name. */
  private async subject({ principal }: Caller, idOrName: string): Promise<Subject> {
    if (isUnprintable(idOrName)) throw notFound('component', idOrName);
    const id = isId(idOrName) ? idOrName.toLowerCase() : null;
    const named = await this.database.query<Subject>(COMPONENTS_NAMED, [idOrName, id]);
    const own = named.filter(({ owner }) => owner === principal.name);
    const mine = own.length > 0 ? own : named.filter(({ owner }) => owns(principal, owner));
    const [first, second] = mine.length > 0 ? mine : named;
    if (first === undefined) throw notFound('component', idOrName);
    if (second !== undefined) {
      throw new Problem('in-use', `Several owners have a component named ${JSON.stringify(idOrName)}: use its id.`);
    }
    return first;
  }

  async counters(ids: readonly string[]): Promise<PortMapCounters[]> {
    return this.database.query<PortMapCounters>(COUNTERS, [ids]);
  }

  async ofMap(id: string): Promise<Reply> {
    const [body] = isId(id) ? await this.counters([id.toLowerCase()]) : [];
    if (body === undefined) throw notFound('port-map', id);
    return reply({ body });
  }
}
