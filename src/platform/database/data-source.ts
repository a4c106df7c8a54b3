import pg from 'pg';
import { DataSource, type DataSourceOptions, type EntitySchema, type MixedList } from 'typeorm';
import { CreateSpace1764000000000 } from '../../../migrations/1764000000000-create-space.js';
import { CreateResources1764000001000 } from '../../../migrations/1764000001000-create-resources.js';
import { BatchOutbox1764100000000 } from '../../../migrations/1764100000000-batch-outbox.js';
import { CheaperRows1764100000500 } from '../../../migrations/1764100000500-cheaper-rows.js';
import { PoliciesAndQuarantine1764100002000 } from '../../../migrations/1764100002000-policies-and-quarantine.js';
import { ExclusionsAndSupernets1764100003000 } from '../../../migrations/1764100003000-exclusions-and-supernets.js';
import { Expiry1764100004000 } from '../../../migrations/1764100004000-expiry.js';
import { History1764100005000 } from '../../../migrations/1764100005000-history.js';
import { Capacity1764100006000 } from '../../../migrations/1764100006000-capacity.js';
import { CreateQuotas1764100007000 } from '../../../migrations/1764100007000-create-quotas.js';
import { IndexLists1764100007100 } from '../../../migrations/1764100007100-index-lists.js';
import { TakeSorted1764100008000 } from '../../../migrations/1764100008000-take-sorted.js';
import { EventActors1764100009000 } from '../../../migrations/1764100009000-event-actors.js';
import { ChecksByStatement1764200000000 } from '../../../migrations/1764200000000-checks-by-statement.js';
import { GiveByRuns1764200001000 } from '../../../migrations/1764200001000-give-by-runs.js';
import { LookAtQuotasOncePlanned1764200002000 } from '../../../migrations/1764200002000-look-at-quotas-once-planned.js';
import { PackOutbox1764200003000 } from '../../../migrations/1764200003000-pack-outbox.js';
import { PortMapTerms1764300000000 } from '../../../migrations/1764300000000-port-map-terms.js';
import { GatewayDrift1764300001000 } from '../../../migrations/1764300001000-gateway-drift.js';
import { RelayLease1764400000000 } from '../../../migrations/1764400000000-relay-lease.js';
import { CreateWebhooks1764400300000 } from '../../../migrations/1764400300000-create-webhooks.js';
import { PortRanges1764400400000 } from '../../../migrations/1764400400000-port-ranges.js';
import { Reachability1764400500000 } from '../../../migrations/1764400500000-reachability.js';
import { Usage1764400600000 } from '../../../migrations/1764400600000-usage.js';
import { Dns1764400700000 } from '../../../migrations/1764400700000-dns.js';
import { VlabFace1764400800000 } from '../../../migrations/1764400800000-vlab-face.js';
import { GatheringClient } from './gathering-client.js';

/** In order; what has landed is never edited. */
export const MIGRATIONS = [
  CreateSpace1764000000000,
  CreateResources1764000001000,
  BatchOutbox1764100000000,
  CheaperRows1764100000500,
  PoliciesAndQuarantine1764100002000,
  ExclusionsAndSupernets1764100003000,
  Expiry1764100004000,
  History1764100005000,
  Capacity1764100006000,
  CreateQuotas1764100007000,
  IndexLists1764100007100,
  TakeSorted1764100008000,
  EventActors1764100009000,
  ChecksByStatement1764200000000,
  GiveByRuns1764200001000,
  LookAtQuotasOncePlanned1764200002000,
  PackOutbox1764200003000,
  PortMapTerms1764300000000,
  GatewayDrift1764300001000,
  RelayLease1764400000000,
  CreateWebhooks1764400300000,
  PortRanges1764400400000,
  Reachability1764400500000,
  Usage1764400600000,
  Dns1764400700000,
  VlabFace1764400800000,
];

// "json" stays text: metadata is opaque and JSON.parse would lose key order and large integers. ("jsonb" is parsed.)
pg.types.setTypeParser(pg.types.builtins.JSON, (text) => text);

/** Options for a database given by URL. Connecting waits at most 5 s, a statement at most 30 s. */
export function dataSourceOptions(
  url: string,
  poolSize = 10,
  // eslint-disable-next-line @typescript-eslint/no-unsafe-function-type -- TypeORM's own type of an entity class
  entities: MixedList<Function | string | EntitySchema> = [],
): DataSourceOptions {
  return {
    type: 'postgres',
    url,
    poolSize,
    entities,
    migrations: MIGRATIONS,
    migrationsTransactionMode: 'each',
    synchronize: false,
    uuidExtension: 'pgcrypto',
    installExtensions: false,
    connectTimeoutMS: 5_000,
    applicationName: 'berth',
    extra: {
      Client: GatheringClient,
      statement_timeout: 30_000,
      // ours, for a server that has fallen silent: the connection is given up
      query_timeout: 35_000,
      idle_in_transaction_session_timeout: 30_000,
      keepAlive: true,
      // statements are sent without waiting for the answers of those before (see Transaction)
      pipeline: true,
      // allocation relies on it: a statement after a lock must see what the lock's last holder committed
      options: '-c default_transaction_isolation=read\\ committed',
    },
    // an idle connection that breaks is the pool's business; the next query gets a new one
    poolErrorHandler: () => undefined,
  };
}

/** A data source without entities, for migrations; not connected. Two connections: the lock needs one of its own. */
export const migrationDataSource = (url: string): DataSource => new DataSource(dataSourceOptions(url, 2));
