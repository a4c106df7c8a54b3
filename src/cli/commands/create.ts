import type { Command } from 'commander';
import { answer } from '../client/answer.js';
import { kindOf } from '../connect/kinds.js';
import { described, labelling, type Describing } from '../options/describing.js';
import { examples } from '../options/examples.js';
import { requireName } from '../options/named.js';
import { waiting } from '../options/waiting.js';
import { repeatedAs, wantedPort, whole, type WantedPort } from '../options/parsers.js';
import { withNumber, type MappedPort } from '../resources/kinds.js';
import { table } from '../output/table.js';
import { cited, shellWord } from '../output/words.js';
import { addressesOf, SUBNETS } from '../resources/addressing.js';
import { COMPONENTS, MAP_COLUMNS } from '../resources/forwarding.js';
import { findId } from '../resources/find.js';
import { withSession, type Session } from '../session.js';
import { tellOutcome, untilActive } from '../waiting.js';
import { createPortmapCommand } from './portmap-for-machine.js';

interface CreateOptions extends Describing {
  readonly name: string;
  readonly gateway?: string;
  readonly pool?: string;
  readonly subnet?: string;
  readonly port?: readonly WantedPort[];
  readonly count?: number;
  readonly owner?: string;
  /** Seconds; false for --no-wait. */
  readonly wait: number | false;
}

export function createCommand(program: Command): void {
  const command = program
    .command('create')
    .argument('<kind>', 'what it is: windows, centos, onefs, ... or any other word')
    .description('claim an address and ports for a component, and wait until they work')
    .option('-n, --name <name>', "its name, unique among its owner's components")
    .option('--gateway <gateway>', "name or id (default: the caller's own, or the only one)")
    .option('--pool <pool>', "name or id of the pool of its addresses (default: the gateway's)")
    .option('--subnet <subnet>', 'name, id or network of the subnet of its addresses, instead of a pool')
    .option(
      '--port <port>',
      'port to map, as port[/udp][=gateway port], or by the name that the kind has for it (rdp); may be given again (default: the ports of the kind)',
      repeatedAs(wantedPort),
    )
    .option('--count <number>', 'how many addresses; each gets all ports (default: 1)', whole(1, 64));
  waiting(labelling(command).option('--owner <owner>', 'whose it is (default: the caller)')).action(
    withSession(create),
  );
  requireName(command);
  createPortmapCommand(command);
  examples(
    command,
    'vlab create windows --name win1',
    'vlab create portmap --name win1 --protocol rdp',
    'vlab create centos --name web --port 22 --port 443=50043 --tag prod',
    'vlab create centos --name desk --port ssh --port rdp',
    'vlab create resolver --name ns1 --port 53/udp --port 53/tcp --no-wait',
  );
}

async function create(session: Session, kind: string, options: CreateOptions): Promise<void> {
  const { api, out } = session;
  const { name, gateway, pool, subnet, port, count, owner, wait } = options;
  const body = {
    ...described(options),
    name,
    kind,
    ...(gateway === undefined ? {} : { gateway }),
    ...(pool === undefined ? {} : { pool }),
    ...(subnet === undefined ? {} : { subnet: await findId(session, SUBNETS, subnet) }),
    ...(port === undefined ? {} : { ports: await numbered(session, kind, port) }),
    count: count ?? 1,
    ...(owner === undefined ? {} : { owner }),
  };
  const claimed = answer(await api.POST('/components', { body }));
  const { id } = claimed.data;
  const { last, outcome } =
    wait === false
      ? { last: claimed, outcome: undefined }
      : await untilActive(
          session,
          wait,
          claimed,
          () => COMPONENTS.get(api, id),
          (data) => data.portMaps,
        );
  const { portMaps, leases } = last.data;
  const call = `${shellWord(kind)} --name ${shellWord(name)}`;
  if (out.json) out.raw(last.text);
  else if (portMaps.length > 0) out.lines(table(MAP_COLUMNS, portMaps, out.colour));
  else out.say(`${kind} ${JSON.stringify(name)} has ${addressesOf(leases)}.`);
  if (wait !== false && outcome !== undefined) {
    const shown = cited(`vlab show --name ${shellWord(name)}`);
    const stands = `The claim stands: ${shown} shows it, ${cited(`vlab delete ${call}`)} gives it back.`;
    await tellOutcome(session, outcome, wait, portMaps, stands);
  }
  if (!out.json && portMaps.length > 0) out.say(`Use ${cited(`vlab connect ${call}`)} to reach it.`);
}

/** Ports with their numbers; the names are those of the kind. */
async function numbered({ api }: Session, kind: string, ports: readonly WantedPort[]): Promise<MappedPort[]> {
  const isNamed = ports.some(({ targetPort }) => typeof targetPort === 'string');
  const known = isNamed ? answer(await api.GET('/component-kinds')).data.kinds : [];
  return ports.map((wanted) => withNumber(kindOf(known, kind), kind, wanted));
}
