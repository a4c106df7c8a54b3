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
import { repeated, whole } from '../options/parsers.js';
import { POOLS, RESERVATIONS, SUBNETS } from '../resources/addressing.js';
import { findId } from '../resources/find.js';
import { withSession, type Session } from '../session.js';
import { resourceGroup, tell } from './group.js';

interface CreateOptions extends Describing {
  readonly pool?: string;
  readonly subnet?: string;
  readonly count?: number;
  readonly address?: readonly string[];
  readonly owner?: string;
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
      'vlab reservation delete cluster',
    ],
  });

  const create = group
    .command('create')
    .option('--pool <pool>', 'name or id of the pool to take addresses of, all of one subnet')
    .option('--subnet <subnet>', 'name, id or network of the subnet to take addresses of')
    .option('--count <number>', 'how many addresses (default: 1)', whole(1, 1_000_000))
    .option('--address <address>', 'exactly this address of the subnet; may be given again', repeated)
    .option('--owner <owner>', 'whose it is (default: the caller)')
    .description('reserve addresses: all that are asked for, or none');
  describing(create).action(
    withSession(async (session: Session, options: CreateOptions) => {
      await tell(session, await reserve(session, options));
    }),
  );

  redescribing(
    group
      .command('update')
      .argument('<reservation>', 'name or id of the reservation')
      .description('change name, tags and metadata of a reservation'),
  ).action(
    withSession(async (session: Session, text: string, options: Redescribing) => {
      const body = changed(redescribed(options));
      const path = { id: await findId(session, RESERVATIONS, text) };
      await tell(session, answer(await session.api.PATCH('/reservations/{id}', { params: { path }, body })));
    }),
  );
}

async function reserve(session: Session, options: CreateOptions): Promise<Answer<Reservation>> {
  const { pool, subnet, count, address, owner } = options;
  if (count !== undefined && address !== undefined) throw usage('Give --count or --address, not both.');
  if (address !== undefined && subnet === undefined) throw usage('--address needs --subnet.');
  const body = {
    ...described(options),
    count: address?.length ?? count ?? 1,
    ...(address === undefined ? {} : { addresses: [...address] }),
    ...(owner === undefined ? {} : { owner }),
  };
  if (subnet !== undefined && pool === undefined) {
    const path = { id: await findId(session, SUBNETS, subnet) };
    return answer(await session.api.POST('/subnets/{id}/reservations', { params: { path }, body }));
  }
  if (pool !== undefined && subnet === undefined) {
    const path = { id: await findId(session, POOLS, pool) };
    return answer(await session.api.POST('/pools/{id}/reservations', { params: { path }, body }));
  }
  throw usage('Give either --pool or --subnet.');
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
