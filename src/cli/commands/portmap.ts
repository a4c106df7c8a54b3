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
import { MAPPED_PROTOCOLS, speaks, targetPortOf, type MappedProtocol } from '../connect/kinds.js';
import { address, destination, network, port, repeatedAs, whole, type Protocol } from '../options/parsers.js';
import { waiting } from '../options/waiting.js';
import { hostPort } from '../output/words.js';
import { LEASES } from '../resources/addressing.js';
import { everything, findId } from '../resources/find.js';
import { GATEWAYS, PORT_MAPS, reachedAt } from '../resources/forwarding.js';
import { withSession, type Session } from '../session.js';
import { resourceGroup, tell } from './group.js';
import { createForMachine, deleteForMachine } from './portmap-for-machine.js';
import { untilPassing } from './portmap-passing.js';

interface CreateOptions extends Describing, Expiring {
  readonly from?: readonly string[];
  readonly to?: ReturnType<typeof destination>;
  readonly lease?: string;
  readonly targetPort?: number;
  /** The transport, or what is spoken. */
  readonly protocol?: Protocol | MappedProtocol;
  readonly ipAddress?: string;
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
  readonly protocol?: Protocol | MappedProtocol;
  readonly gateway?: string;
  readonly name?: string;
  readonly ipAddress?: string;
  readonly overridePort?: number;
}

const TRANSPORTS: readonly string[] = ['tcp', 'udp'];
const isTransport = (word: string): word is Protocol => TRANSPORTS.includes(word);

const protocolOption = (): Option =>
  new Option('-p, --protocol <protocol>', 'tcp or udp; or what is spoken, which says the port').choices([
    ...TRANSPORTS,
    ...MAPPED_PROTOCOLS,
  ]);

export function portmapCommands(program: Command): void {
  const { remove: _, ...resource } = PORT_MAPS;
  const group = resourceGroup(program, 'portmap', resource, {
    called: 'name or id of the port map',
    examples: [
      'vlab portmap create --name win1 --protocol rdp',
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
    .addOption(protocolOption())
    .option('--port <port>', 'port wanted on the gateway (default: the lowest free one)', port)
    .option('--size <ports>', 'so many ports in a row, each to its own on the machine (default: 1)', whole(1, 1_024))
    .option('--gateway <gateway>', "name or id (default: the caller's own, or the only one)")
    .option('--from <network>', 'who may connect (default: everybody); may be given again', repeatedAs(network))
    .option('--owner <owner>', 'whose it is (default: the caller)')
    .option('-a, --ip-address <address>', 'of the machine that --name names: which of its addresses', address)
    .description('map a port of a gateway to a machine; with --name alone to the machine of that name');
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
    .option('-n, --name <name>', 'name or id of the machine it leads to, instead; with --protocol rdp, say')
    .option('-a, --ip-address <address>', 'which address of that machine', address)
    .option('--override-port <port>', 'its port on the gateway, among those of that machine', port)
    .description('delete a port map')
    .action(withSession(deleteMap));
}

async function createMap(session: Session, options: CreateOptions): Promise<void> {
  const {
    to,
    lease,
    protocol: word,
    port: connectionPort,
    size,
    gateway,
    owner,
    from,
    name,
    wait,
    ipAddress,
  } = options;
  if (to !== undefined && lease !== undefined) throw usage('Give either --to or --lease.');
  const transport = word === undefined || isTransport(word) ? word : undefined;
  const spoken = word === undefined || isTransport(word) ? undefined : word;
  const targetPort = to?.targetPort ?? options.targetPort;
  const terms = {
    ...described(options),
    ...(transport === undefined ? {} : { protocol: transport }),
    ...(connectionPort === undefined ? {} : { connectionPort }),
    ...(size === undefined ? {} : { size }),
    ...(gateway === undefined ? {} : { gateway }),
    ...(owner === undefined ? {} : { owner }),
    ...(from === undefined ? {} : { sources: [...from] }),
    ...expiry(options),
  };
  if (to === undefined && lease === undefined) {
    if (name === undefined) throw usage('Give either --to or --lease, or the --name of a machine.');
    const how = {
      ...(spoken && { protocol: spoken }),
      ...(ipAddress && { ipAddress }),
      ...(targetPort && { targetPort }),
    };
    await createForMachine(session, { name, wait, ...how }, terms);
    return;
  }
  if (ipAddress !== undefined) throw usage('--ip-address goes with the --name of a machine only.');
  if (to?.targetPort !== undefined && options.targetPort !== undefined) {
    throw usage('The port of the machine is in --to already: leave --target-port out.');
  }
  const port = targetPort ?? (spoken && targetPortOf(undefined, spoken));
  if (port === undefined) throw usage('Say which port of the machine: --to ADDRESS:PORT, or --target-port.');
  const body = {
    ...terms,
    protocol: transport ?? ('tcp' as const),
    targetPort: port,
    ...(to === undefined ? {} : { address: to.address }),
    ...(lease === undefined ? {} : { lease: await findId(session, LEASES, lease) }),
  };
  await untilPassing(session, answer(await session.api.POST('/port-maps', { body })), wait);
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
  const { port: connectionPort, name, protocol, ipAddress, overridePort } = options;
  if ([text, connectionPort, name].filter((given) => given !== undefined).length !== 1) {
    throw usage('Give one of these: a name or id, --port, or --name of a machine.');
  }
  if (name !== undefined) {
    const spoken = protocol === undefined || isTransport(protocol) ? undefined : protocol;
    const more = { ...(ipAddress && { ipAddress }), ...(overridePort && { overridePort }) };
    await deleteForMachine(session, { name, ...(spoken && { protocol: spoken }), ...more });
    return;
  }
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
    if (protocol === undefined || isOf(map, protocol)) found.push(map);
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

const isOf = (map: PortMap, word: Protocol | MappedProtocol): boolean =>
  isTransport(word) ? map.protocol === word : speaks(undefined, word, map.targetPort);
