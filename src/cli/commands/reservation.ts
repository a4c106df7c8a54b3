import type { Command } from 'commander';
import { answer, type Answer } from '../client/answer.js';
import type { Reservation } from '../client/client.js';
import { usage } from '../failure.js';
import {
  changed,
  described,
  describing,
  redescribed,
  redescribing,
  type Describing,
  type Redescribing,
} from '../options/describing.js';
import { expiring, expiry, newExpiry, type Expiring } from '../options/expiring.js';
import { repeated, whole } from '../options/parsers.js';
import { POOLS, RESERVATIONS, SUBNETS } from '../resources/addressing.js';
import { findId } from '../resources/find.js';
import { withSession, type Session } from '../session.js';
import { bulkCommand } from './bulk.js';
import { resourceGroup, tell } from './group.js';
import { releaseCommand } from './release.js';

interface CreateOptions extends Describing, Expiring {
  readonly pool?: string;
  readonly subnet?: string;
  readonly count?: number;
  readonly address?: readonly string[];
  readonly elseNext?: boolean;
  readonly contiguous?: boolean;
  readonly align?: number;
  readonly prefixLength?: number;
  readonly dryRun?: boolean;
  readonly owner?: string;
}

interface Wanted {
  count?: number;
  addresses?: string[];
  otherwise?: 'next';
  contiguous?: boolean;
  align?: number;
  prefixLength?: number;
}

export function reservationCommands(program: Command): void {
  const group = resourceGroup(program, 'reservation', RESERVATIONS, {
    list: (command) =>
      command
        .option('--pool <pool>', 'only those of this pool (name or id)')
        .option('--subnet <subnet>', 'only those of this subnet (name, id or network)'),
    within,
    examples: [
      'vlab reservation create --pool lab --count 3 --name cluster',
      'vlab reservation create --subnet 10.0.0.0/24 --address 10.0.0.7 --address 10.0.0.8',
      'vlab reservation create --subnet 10.0.0.0/24 --address 10.0.0.7 --else-next',
      'vlab reservation create --pool lab --prefix-length 28 --dry-run',
      'vlab reservation create --pool lab --ttl 2h --name trial',
      'vlab reservation renew trial',
      'vlab reservation bulk changes.json --atomic',
      'vlab reservation release cluster --reason "moved to rack 7"',
    ],
  });

  const create = group
    .command('create')
    .option('--pool <pool>', 'name or id of the pool to take addresses of, all of one subnet')
    .option('--subnet <subnet>', 'name, id or network of the subnet to take addresses of')
    .option('--count <number>', 'how many addresses (default: 1)', whole(1, 4096))
    .option('--address <address>', 'exactly this address of the subnet; may be given again', repeated)
    .option('--else-next', 'the next free ones in place of addresses that are not free')
    .option('--contiguous', 'all in a row')
    .option('--align <number>', 'in a row, the first a multiple of this power of two', whole(1, 4096))
    .option('--prefix-length <length>', 'all addresses of one network of this length', whole(20, 128))
    .option('--owner <owner>', 'whose it is (default: the caller)')
    .option('--dry-run', 'only show what it would be; holds nothing')
    .description('reserve addresses: all that are asked for, or none');
  describing(expiring(create)).action(
    withSession(async (session: Session, options: CreateOptions) => {
      await tell(session, await reserve(session, options));
    }),
  );

  expiring(
    redescribing(
      group
        .command('update')
        .argument('<reservation>', 'name or id of the reservation')
        .description('change name, tags, metadata and end of a reservation; --expires never: it shall not end'),
    ),
  ).action(
    withSession(async (session: Session, text: string, options: Redescribing & Expiring) => {
      const body = changed({ ...redescribed(options), ...newExpiry(options) });
      const path = { id: await findId(session, RESERVATIONS, text) };
      await tell(session, answer(await session.api.PATCH('/reservations/{id}', { params: { path }, body })));
    }),
  );

  expiring(
    group
      .command('renew')
      .argument('<reservation>', 'name or id of the reservation')
      .description('move its end on: for its own ttl again, or as the options say'),
  ).action(
    withSession(async (session: Session, text: string, options: Expiring) => {
      const body = expiry(options);
      const path = { id: await findId(session, RESERVATIONS, text) };
      await tell(session, answer(await session.api.POST('/reservations/{id}/renew', { params: { path }, body })));
    }),
  );

  bulkCommand(group);
  releaseCommand(group, RESERVATIONS, 'name or id of the reservation', async ({ api }, id, query) =>
    answer(await api.DELETE('/reservations/{id}', { params: { path: { id }, query } })),
  );
}

async function reserve(session: Session, options: CreateOptions): Promise<Answer<Reservation>> {
  const { pool, subnet, address, owner } = options;
  if (options.count !== undefined && address !== undefined) throw usage('Give --count or --address, not both.');
  if (address !== undefined && subnet === undefined) throw usage('--address needs --subnet.');
  const body = {
    ...described(options),
    ...wanted(options),
    ...expiry(options),
    ...(owner === undefined ? {} : { owner }),
  };
  const query = options.dryRun === true ? { dryRun: 'true' as const } : {};
  if (subnet !== undefined && pool === undefined) {
    const path = { id: await findId(session, SUBNETS, subnet) };
    return answer(await session.api.POST('/subnets/{id}/reservations', { params: { path, query }, body }));
  }
  if (pool !== undefined && subnet === undefined) {
    const path = { id: await findId(session, POOLS, pool) };
    return answer(await session.api.POST('/pools/{id}/reservations', { params: { path, query }, body }));
  }
  throw usage('Give either --pool or --subnet.');
}

/** Which addresses; only what was given. */
function wanted({ count, address, elseNext, contiguous, align, prefixLength }: CreateOptions): Wanted {
  if (elseNext === true && address === undefined) throw usage('--else-next needs --address.');
  return {
    ...(count === undefined ? {} : { count }),
    ...(address === undefined ? {} : { addresses: [...address] }),
    ...(elseNext === true ? { otherwise: 'next' as const } : {}),
    ...(contiguous === true ? { contiguous } : {}),
    ...(align === undefined ? {} : { align }),
    ...(prefixLength === undefined ? {} : { prefixLength }),
  };
}

async function within(
  session: Session,
  { pool, subnet }: Record<string, unknown>,
): Promise<(typeof RESERVATIONS)['list'] | undefined> {
  if (typeof pool === 'string' && typeof subnet === 'string') throw usage('Give --pool or --subnet, not both.');
  if (typeof pool === 'string') {
    const path = { id: await findId(session, POOLS, pool) };
    return async (api, query) => {
      const { data, text } = answer(await api.GET('/pools/{id}/reservations', { params: { path, query } }));
      return { rows: data.reservations, next: data.next, text };
    };
  }
  if (typeof subnet === 'string') {
    const path = { id: await findId(session, SUBNETS, subnet) };
    return async (api, query) => {
      const { data, text } = answer(await api.GET('/subnets/{id}/reservations', { params: { path, query } }));
      return { rows: data.reservations, next: data.next, text };
    };
  }
  return undefined;
}
