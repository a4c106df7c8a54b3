import { Injectable } from '@nestjs/common';
import type { DesiredMap, DesiredState, StatusReport } from '../../contract/desired-state.js';
import type { RuleContent } from '../../contract/rule-id.js';
import { formatAddress, storedAddress } from '../../ip/address.js';
import { canonicalCidr } from '../../ip/cidr.js';
import { Database } from '../../platform/database/database.js';
import { reply, type Reply } from '../../platform/http/reply.js';
import { notFound } from '../../platform/problem/problem.js';
import { EventSignal } from '../events/event-signal.js';
import { withChanges } from '../events/changed.js';
import { UnitsOfWork } from '../events/unit-of-work.js';
import { PortMapRemoval } from '../port-maps/port-map-removal.js';
import { portMapDocument, statusBefore, type PortMapRow, type StatusBefore } from '../port-maps/port-map-rows.js';
import type { Caller } from '../resource/caller.js';
import { APPLY_STATUS, DESIRED_STATE, GENERATION, GONE_MAPS, MARK_SEEN } from './desired-state.queries.js';
import { DriftService } from './drift.service.js';
import { GatewayLookup } from './gateway-lookup.js';

interface StateRow {
  generation: string;
  id: string;
  name: string;
  externalAddress: string;
  networks: string[];
  maps: string;
}

type MapTuple = [string, string, 'tcp' | 'udp', number, string, number, boolean, string[] | null, number, Names | null];
/** Owner, name of the map, name of the component. */
type Names = [string, string | null, string | null];

/** The contract with the gateways: desired state down, observed status up. */
@Injectable()
export class DesiredStateService {
  constructor(
    private readonly database: Database,
    private readonly units: UnitsOfWork,
    private readonly signal: EventSignal,
    private readonly gateways: GatewayLookup,
    private readonly removal: PortMapRemoval,
    private readonly drift: DriftService,
  ) {}

  /**
   * The desired state, once it is later than `after`; undefined when it is not within `wait` seconds, or when the
   * client has gone. Waiting holds no connection to the database.
   */
  async read(
    caller: Caller,
    name: string,
    after: number | undefined,
    wait: number,
    gone: AbortSignal,
    labels = false,
  ): Promise<DesiredState | undefined> {
    const gateway = await this.gateways.forAgent(caller, name);
    const deadline = Date.now() + wait * 1000;
    for (;;) {
      // Listen before looking, or a change between the two would be slept through.
      const stop = new AbortController();
      const woken = this.signal.next(Math.max(0, deadline - Date.now()), AbortSignal.any([gone, stop.signal]));
      try {
        const [row] = await this.database.query<{ generation: string }>(GENERATION, [gateway.id]);
        const generation = Number(row?.generation ?? 0);
        // A generation from the future is one of another database (restored from a backup): start over.
        if (after === undefined || generation !== after) return await this.whole(gateway.id, labels);
        if (gone.aborted || Date.now() >= deadline) return undefined;
        await woken;
      } finally {
        stop.abort();
      }
    }
  }

  private async whole(id: string, labels: boolean): Promise<DesiredState> {
    const [row] = await this.database.query<StateRow>(DESIRED_STATE, [id, labels]);
    if (row === undefined) throw notFound('gateway', id);
    const maps = JSON.parse(row.maps) as MapTuple[];
    return {
      gateway: {
        id: row.id,
        name: row.name,
        externalAddress: canonical(row.externalAddress),
        networks: row.networks.map(canonicalCidr),
      },
      generation: Number(row.generation),
      maps: maps
        .filter(([, , , , , , removing]) => !removing)
        .map((map) => ({ id: map[0], ruleId: map[1], ...contentOf(map), ...labelsOf(map[9]) })),
      removing: maps
        .filter(([, , , , , , removing]) => removing)
        .map((map) => ({ id: map[0], ruleId: map[1], ...(map[8] > 1 && { range: contentOf(map) }) })),
    };
  }

  /** Takes a gateway's report: statuses of maps, and removed maps that are now really gone. */
  async report(caller: Caller, name: string, report: StatusReport): Promise<Reply> {
    const gateway = await this.gateways.forAgent(caller, name);
    await this.units.run(async (unit) => {
      await this.removal.lockSpace(unit, report.gone);
      await unit.query(MARK_SEEN, [gateway.id, report.mode, report.generation]);
      const rows = await unit.query<PortMapRow & StatusBefore>(APPLY_STATUS, [
        gateway.id,
        report.maps.map((map) => map.id),
        report.maps.map((map) => map.ruleId),
        report.maps.map((map) => map.status),
        report.maps.map((map) => map.reason),
      ]);
      for (const row of rows) {
        const data = withChanges(statusBefore(row), portMapDocument(row));
        unit.emit({ noun: 'port-map', verb: 'status', id: row.id, owner: row.owner, data });
      }
      await this.drift.record(unit, gateway, report.drift ?? []);
      const gone = await unit.query<{ id: string }>(GONE_MAPS, [gateway.id, report.gone]);
      await this.removal.finish(
        unit,
        gone.map((map) => map.id),
      );
    }, caller);
    return reply({});
  }
}

function contentOf([, , protocol, connectionPort, address, targetPort, , sources, size]: MapTuple): RuleContent {
  return {
    protocol,
    connectionPort,
    address: canonical(address),
    targetPort,
    ...(size > 1 && { size }),
    ...(sources !== null && { sources: sources.map(canonicalCidr).sort() }),
  };
}

const canonical = (text: string): string => formatAddress(storedAddress(text));

const labelsOf = (names: Names | null): Pick<DesiredMap, 'labels'> =>
  names === null ? {} : { labels: { owner: names[0], name: names[1], component: names[2] } };
