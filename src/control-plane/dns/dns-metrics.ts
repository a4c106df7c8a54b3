import type { Family } from '../../platform/metrics/exposition.js';
import type { ZoneRow } from './dns-zones.controller.js';

const STATES = ['told', 'waiting', 'failed'] as const;

/** Gauges of zones; nothing while no pool names one. */
export const dnsFamilies = (zones: readonly ZoneRow[]): Family[] => [
  {
    name: 'berth_dns_names',
    help: 'Names of leases by state: told by the server, waiting, failed (somebody else has the name, say)',
    type: 'gauge',
    samples: zones.flatMap((row) =>
      STATES.map((state) => ({ labels: { zone: row.zone, server: row.server, state }, value: row[state] })),
    ),
  },
  {
    name: 'berth_dns_zone_up',
    help: '0 while the server of a zone is away or does not accept updates',
    type: 'gauge',
    samples: zones.map(({ zone, server, problem }) => ({ labels: { zone, server }, value: problem === null ? 1 : 0 })),
  },
];
