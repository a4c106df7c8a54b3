import { Option, type Command } from 'commander';
import { answer } from '../client/answer.js';
import type { PortMap } from '../client/client.js';
import { Failure, notFound, usage } from '../failure.js';
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
import { destination, network, port, repeatedAs, whole, type Protocol } from '../options/parsers.js';
import { waiting } from '../options/waiting.js';
import { table } from '../output/table.js';
import { hostPort } from '../output/words.js';
import { LEASES } from '../resources/addressing.js';
import { everything, findId } from '../resources/find.js';
import { GATEWAYS, MAP_COLUMNS, PORT_MAPS, reachedAt } from '../resources/forwarding.js';
import { withSession, type Session } from '../session.js';
import { tellOutcome, untilActive } from '../waiting.js';
import { resourceGroup, tell } from './group.js';

interface CreateOptions extends Describing, Expiring {
  readonly from?: readonly string[];
  readonly to?: ReturnType<typeof destination>;
  readonly lease?: string;
  readonly targetPort?: number;
  readonly protocol: Protocol;
  readonly port?: number;
  readonly size?: number;
  readonly gateway?: string;
  readonly owner?: string;
  readonly wait: number | false;
}

interface UpdateOptions extends Redescribing, Expiring {
  readonly from?: readonly string[];
  readonly fromAnywhere?: boolean;
}

interface DeleteOptions {
  readonly port?: number;
  readonly protocol?: Protocol;
  readonly gateway?: string;
}

const protocolOption = (): Option => new Option('--protocol <protocol>', 'tcp or udp').choices(['tcp', 'udp']);

export function portmapCommands(program: Command): void {
  const { remove: _, ...resource } = PORT_MAPS;
  const group = resourceGroup(program, 'portmap', resource, {
    called: 'name or id of the port map',
    examples: [
      'vlab portmap create --to 10.0.0.7:22',
      'vlab portmap create --lease 10.0.0.7 --target-port 53 --protocol udp --port 50053',
      'vlab portmap create --to 10.0.0.7:30000 --protocol udp --size 100',
      'vlab portmap create --to 10.0.0.7:22 --from 198.51.100.0/24 --ttl 8h',
      'vlab portmap update web --from 198.51.100.0/24 --expires never',
      'vlab portmap list --status failed',
      'vlab portmap delete --port 50001',
    ],
  });

  const create = group
    .command('create')
    .option('--to <address:port>', "where it leads: an address in one of the gateway's networks", destination)
    .option('--lease <lease>', 'where it leads, instead of --to: address, name or id of a lease')
    .option('--target-port <port>', 'port on the machine', port)
    .addOption(protocolOption().default('tcp'))
    .option('--port <port>', 'port wanted on the gateway (default: the lowest free one)', port)
    .option('--size <ports>', 'so many ports in a row, each to its own on the machine (default: 1)', whole(1, 1_024))
    .option('--gateway <gateway>', "name or id (default: the caller's own, or the only one)")
    .option('--from <network>', 'who may connect (default: everybody); may be given again', repeatedAs(network))
    .option('--owner <owner>', 'whose it is (default: the caller)')
    .description('map a port of a gateway to a machine');
  waiting(describing(expiring(create))).action(withSession(createMap));

  const update = group
    .command('update')
    .argument('<portmap>', 'name or id of the port map')
    .option('--from <network>', 'who may connect from now on; may be given again', repeatedAs(network))
    .option('--from-anywhere', 'let everybody connect')
    .description('change name, tags, metadata, who may connect, and the end; --expires never: it shall not end');
  expiring(redescribing(update)).action(withSession(updateMap));

  group
    .command('delete')
    .argument('[portmap]', 'name or id of the port map')
    .option('--port <port>', 'its port on the gateway, instead', port)
    .addOption(protocolOption())
    .option('--gateway <gateway>', 'name or id of its gateway')
    .description('delete a port map')
    .action(withSession(deleteMap));
}

async function createMap(session: Session, options: CreateOptions): Promise<void> {
  const { api, out } = session;
  const { to, lease, protocol, port: connectionPort, size, gateway, owner, from, wait } = options;
  if ((to === undefined) === (lease === undefined)) throw usage('Give either --to or --lease.');
  if (to?.targetPort !== undefined && options.targetPort !== undefined) {
    throw usage('The port of the machine is in --to already: leave --target-port out.');
  }
  const targetPort = to?.targetPort ?? options.targetPort;
  if (targetPort === undefined) throw usage('Say which port of the machine: --to ADDRESS:PORT, or --target-port.');
  const body = {
    ...described(options),
    protocol,
    targetPort,
    ...(to === undefined ? {} : { address: to.address }),
    ...(lease === undefined ? {} : { lease: await findId(session, LEASES, lease) }),
    ...(connectionPort === undefined ? {} : { connectionPort }),
    ...(size === undefined ? {} : { size }),
    ...(gateway === undefined ? {} : { gateway }),
    ...(owner === undefined ? {} : { owner }),
    ...(from === undefined ? {} : { sources: [...from] }),
    ...expiry(options),
  };
  const made = answer(await api.POST('/port-maps', { body }));
  const { id } = made.data;
  const { last, outcome } =
    wait === false
      ? { last: made, outcome: undefined }
      : await untilActive(
          session,
          wait,
          made,
          () => PORT_MAPS.get(api, id),
          (map) => [map],
        );
  if (out.json) out.raw(last.text);
  else out.lines(table(MAP_COLUMNS, [last.data], out.colour));
  if (wait !== false && outcome !== undefined) {
    const stands = `The port map stands: 'vlab portmap show ${id}' shows it, 'vlab portmap delete ${id}' deletes it.`;
    await tellOutcome(session, outcome, wait, [last.data], stands);
  }
}

async function updateMap(session: Session, text: string, options: UpdateOptions): Promise<void> {
  const { from, fromAnywhere } = options;
  if (from !== undefined && fromAnywhere === true) throw usage('Give --from or --from-anywhere, not both.');
  const sources = fromAnywhere === true ? [] : from;
  const body = changed({
    ...redescribed(options),
    ...newExpiry(options),
    ...(sources === undefined ? {} : { sources: [...sources] }),
  });
  const path = { id: await findId(session, PORT_MAPS, text) };
  await tell(session, answer(await session.api.PATCH('/port-maps/{id}', { params: { path }, body })));
}

async function deleteMap(session: Session, text: string | undefined, options: DeleteOptions): Promise<void> {
  if ((text === undefined) === (options.port === undefined)) throw usage('Give either a name or id, or --port.');
  const { port: connectionPort } = options;
  const id =
    connectionPort === undefined
      ? await findId(session, PORT_MAPS, text ?? '')
      : (await mapAt(session, connectionPort, options)).id;
  const { data } = await PORT_MAPS.get(session.api, id);
  await PORT_MAPS.remove?.(session.api, id);
  session.out.say(`Deleted the port map ${reachedAt(data)} to ${hostPort(data.address, data.targetPort)}.`);
}

/** The map at a port of a gateway; the API has no filter for ports, so this reads the gateway's maps. */
async function mapAt(session: Session, connectionPort: number, options: DeleteOptions): Promise<PortMap> {
  const { gateway, protocol } = options;
  const query = gateway === undefined ? {} : { gateway: await findId(session, GATEWAYS, gateway) };
  const found: PortMap[] = [];
  for await (const map of everything(session, PORT_MAPS, query)) {
    if (map.connectionPort !== connectionPort || map.status === 'removing') continue;
    if ((protocol ?? map.protocol) === map.protocol) found.push(map);
  }
  const [first, second] = found;
  if (first === undefined) throw notFound(`There is no port map at port ${connectionPort}.`);
  if (second !== undefined) {
    throw new Failure(
      `Several port maps are at port ${connectionPort}: say --protocol or --gateway, or the id of one.`,
      undefined,
      found.map((map) => `  ${map.id} ${map.protocol} ${reachedAt(map)}`),
    );
  }
  return first;
}
