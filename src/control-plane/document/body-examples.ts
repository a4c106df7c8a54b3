import type { BodyExamples } from '../../platform/openapi/complete.js';

const LEASE_OF_TWO_HOURS = { name: 'lab of kim', count: 2, ttl: 7200 };
const NAME_AND_TAGS = { name: 'rack 12', tags: ['north'], metadata: { rack: 12 } };

/**
 * What to send, by the schema of the body. Only what cannot be made of the schema's own examples is here, such as bodies
 * with fields that exclude one another.
 */
export const BODY_EXAMPLES: BodyExamples = {
  NewPool: { name: 'lab', tags: ['north'], policy: 'first', quarantine: 300, thresholds: [80, 95] },
  PoolChange: { ...NAME_AND_TAGS, quarantine: 600 },
  NewSubnet: { name: 'lab 1', cidr: '10.20.0.0/24', gatewayAddress: '10.20.0.1', exclusions: { first: 10 } },
  SubnetChange: NAME_AND_TAGS,
  NewReservation: LEASE_OF_TWO_HOURS,
  ReservationChange: { name: 'lab of kim', expiresAt: '2036-01-01T00:00:00Z' },
  Renewal: { ttl: 7200 },
  BulkRequest: {
    release: ['0192f0c1-7a3e-7c11-9d0a-3b5f6c7d8e9f'],
    create: [{ pool: '0192f0c1-7a3e-7c11-9d0a-3b5f6c7d8e9f', ...LEASE_OF_TWO_HOURS }],
  },
  LeaseChange: NAME_AND_TAGS,
  NewGateway: {
    name: 'gw1',
    externalAddress: '192.0.2.10',
    networks: ['10.20.0.0/16'],
    ports: { tcp: { first: 50_000, last: 50_999 } },
  },
  GatewayChange: { networks: ['10.20.0.0/16', '10.30.0.0/16'] },
  StatusReportInput: { generation: 42, mode: 'apply', maps: [], gone: [] },
  NewPortMap: { gateway: 'gw1', address: '10.20.0.7', targetPort: 22 },
  PortMapChange: { sources: ['198.51.100.0/24'] },
  NewComponent: { name: 'win1', kind: 'windows', gateway: 'gw1' },
  ComponentChange: { tags: ['lab'], metadata: { rack: 12 } },
  NewQuota: { addresses: 100, portMaps: 200, perRequest: 16 },
};
