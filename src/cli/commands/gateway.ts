import type { Command } from 'commander';
import { answer, Refusal } from '../client/answer.js';
import { Failure } from '../failure.js';
import {
  changed,
  described,
  labelling,
  redescribed,
  redescribing,
  type Describing,
  type Redescribing,
} from '../options/describing.js';
import { portRange, repeated, repeatedAs } from '../options/parsers.js';
import { findId } from '../resources/find.js';
import { GATEWAYS } from '../resources/forwarding.js';
import { withSession, type Session } from '../session.js';
import { driftCommand } from './drift.js';
import { removeOne, resourceGroup, tell } from './group.js';

interface Shape {
  readonly network?: readonly string[];
  readonly ports?: readonly ReturnType<typeof portRange>[];
  readonly pool?: string | false;
  readonly owner?: string;
}

export function gatewayCommands(program: Command): void {
  const { remove, ...resource } = GATEWAYS;
  const called = 'name or id of the gateway';
  const group = resourceGroup(program, 'gateway', resource, {
    called,
    examples: [
      'vlab gateway create --name gw1 --external-address 192.0.2.10 --pool lab --network 10.0.0.0/16',
      'vlab gateway update gw1 --ports tcp=50000-50999',
      'vlab gateway list',
      'vlab gateway drift gw1',
    ],
  });

  const create = group
    .command('create')
    .requiredOption('-n, --name <name>', 'its name, unique')
    .requiredOption('--external-address <address>', 'its public address')
    .option('--pool <pool>', 'name or id of the pool where its components take addresses by default')
    .description('make a gateway; its agent ("berth gateway") may start before or after');
  labelling(shaping(create)).action(
    withSession(async (session: Session, options: Describing & Shape & { externalAddress: string }) => {
      const { externalAddress } = options;
      const body = { ...described(options), ...shapeOf(options), externalAddress };
      await tell(session, answer(await session.api.POST('/gateways', { body })));
    }),
  );

  const update = group
    .command('update')
    .argument('<gateway>', called)
    .option('--pool <pool>', 'name or id of the pool where its components take addresses by default')
    .option('--no-pool', 'no such pool')
    .description('change a gateway');
  redescribing(shaping(update)).action(
    withSession(async (session: Session, text: string, { pool, ...options }: Redescribing & Shape) => {
      // Commander sets an option that has a --no- form to true when neither is given.
      const chosen = typeof pool === 'string' ? { pool } : pool === false ? { pool: null } : {};
      const body = changed({ ...redescribed(options), ...shapeOf(options), ...chosen });
      const path = { id: await findId(session, GATEWAYS, text) };
      await tell(session, answer(await session.api.PATCH('/gateways/{id}', { params: { path }, body })));
    }),
  );

  driftCommand(group);
  group
    .command('delete')
    .argument('<gateway>', called)
    .option('--force', 'also when it still has components and port maps: they go with it')
    .description('delete a gateway that has nothing left')
    .action(
      withSession((session: Session, text: string, { force }: { force?: boolean }) =>
        removeOne(session, GATEWAYS, text, async (api, id) => {
          if (force === true) {
            const params = { path: { id }, query: { force } };
            return answer(await api.DELETE('/gateways/{id}', { params }));
          }
          try {
            return await remove?.(api, id);
          } catch (error) {
            if (!(error instanceof Refusal) || error.code !== 'in-use') throw error;
            throw new Failure(error.message, undefined, ['vlab gateway delete --force does that.']);
          }
        }),
      ),
    );
}

const shaping = (command: Command): Command =>
  command
    .option('--network <network>', 'network behind it that plain port maps may lead to; may be given again', repeated)
    .option(
      '--ports <range>',
      'its connection ports, such as tcp=50000-50100; may be given again',
      repeatedAs(portRange),
    )
    .option('--owner <owner>', 'whose it is');

function shapeOf({ network, ports, pool, owner }: Shape): {
  networks?: string[];
  ports?: Record<string, { first: number; last: number }>;
  pool?: string;
  owner?: string;
} {
  return {
    ...(network === undefined ? {} : { networks: [...network] }),
    ...(ports === undefined
      ? {}
      : { ports: Object.fromEntries(ports.map(({ protocol, ...range }) => [protocol, range])) }),
    ...(typeof pool === 'string' ? { pool } : {}),
    ...(owner === undefined ? {} : { owner }),
  };
}
