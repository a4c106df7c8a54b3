import { Option, type Command } from 'commander';
import { answer } from '../client/answer.js';
import type { ComponentKind, ComponentOf, NewPortMap, PortMap } from '../client/client.js';
import { kindOf, MAPPED_PROTOCOLS, speaks, targetPortOf, type MappedProtocol } from '../connect/kinds.js';
import { Failure, notFound, usage } from '../failure.js';
import { examples } from '../options/examples.js';
import { refuseForeign } from '../options/named.js';
import { address, port } from '../options/parsers.js';
import { waiting } from '../options/waiting.js';
import { cited, shellWord } from '../output/words.js';
import { mapsOf } from '../resources/component-maps.js';
import { find } from '../resources/find.js';
import { COMPONENTS, PORT_MAPS, reachedAt } from '../resources/forwarding.js';
import { withSession, type Session } from '../session.js';
import { untilPassing } from './portmap-passing.js';

/** What a port map of a machine is asked for by: as people speak of it, not by its ports. */
interface MachineOptions {
  readonly name: string;
  readonly protocol?: MappedProtocol;
  readonly ipAddress?: string;
}

interface CreateOptions extends MachineOptions {
  /** Instead of the protocol's. */
  readonly targetPort?: number;
  readonly wait: number | false;
}

interface DeleteOptions extends MachineOptions {
  readonly overridePort?: number;
}

const machineOptions = (command: Command): Command =>
  command
    .option('-n, --name <name>', 'name or id of the machine (the component)')
    .addOption(
      new Option('-p, --protocol <protocol>', 'how it is reached (default: as its kind is usually used)').choices(
        MAPPED_PROTOCOLS,
      ),
    )
    .option('-a, --ip-address <address>', 'which of its addresses; needed when it has several', address);

/** What a new map has besides: all that the API takes and the machine does not say. */
type Terms = Partial<NewPortMap>;

/** An action that gets the options which the command above it has taken, too. */
const forMachine =
  (work: (session: Session, options: CreateOptions & DeleteOptions) => Promise<void>) =>
  async (_: unknown, acting: Command): Promise<void> => {
    refuseForeign(acting);
    await withSession((session: Session) => work(session, acting.optsWithGlobals()))(acting);
  };

/** `vlab create portmap`, as the vlab before this one has it. */
export function createPortmapCommand(create: Command): void {
  const command = create.command('portmap').description('make a machine reachable by one more protocol');
  waiting(machineOptions(command)).action(forMachine((session, options) => createForMachine(session, options)));
  examples(
    command,
    'vlab create portmap --name win1 --protocol rdp',
    'vlab create portmap -n one1 -p ssh -a 10.20.0.7',
  );
}

/** `vlab delete portmap`. */
export function deletePortmapCommand(remove: Command): void {
  const command = machineOptions(remove.command('portmap').description('delete a port map of a machine'))
    .option('--override-port <port>', 'the port of the gateway whose map to delete, whatever it leads to', port)
    .action(forMachine(deleteForMachine));
  examples(
    command,
    'vlab delete portmap --name win1 --protocol rdp',
    'vlab delete portmap -n win1 --override-port 50061',
  );
}

export async function createForMachine(session: Session, options: CreateOptions, terms: Terms = {}): Promise<void> {
  const { api, out } = session;
  const { component, kind } = await machineOf(session, options.name);
  const protocol = options.targetPort === undefined ? protocolOf(kind, options) : options.protocol;
  const leases = component.leases.filter(({ address: own }) => (options.ipAddress ?? own) === own);
  const [lease, another] = leases;
  const addresses = component.leases.map(({ address: own }) => own).join(', ');
  if (lease === undefined) {
    throw notFound(`${JSON.stringify(component.name)} has no address ${options.ipAddress ?? ''}; it has ${addresses}.`);
  }
  if (another !== undefined)
    throw usage(`Say which address of it: --ip-address ${addresses.replaceAll(', ', ' or ')}.`);
  const targetPort = options.targetPort ?? (protocol === undefined ? 0 : targetPortOf(kind, protocol));
  // The same again is no other map, as on the vLab face; with terms of its own it is.
  const same = Object.keys(terms).every((term) => term === 'name') ? await mapsOf(session, component) : [];
  const there = same.find(
    (map) => map.protocol === 'tcp' && map.address === lease.address && map.targetPort === targetPort,
  );
  const begin =
    there === undefined
      ? answer(
          await api.POST('/port-maps', {
            body: { ...bodyOf(component, lease.id, targetPort), ...terms, name: component.name },
          }),
        )
      : await PORT_MAPS.get(api, there.id);
  await untilPassing(session, begin, options.wait);
  if (protocol === undefined) return;
  const call = `vlab connect ${shellWord(component.kind)} --name ${shellWord(component.name)} --protocol ${protocol}`;
  if (!out.json) out.say(`OK! Use ${cited(call)} to access that machine`);
}

const bodyOf = ({ name, owner, gateway }: ComponentOf, lease: string, targetPort: number) => ({
  name,
  owner,
  gateway,
  lease,
  targetPort,
  protocol: 'tcp' as const,
});

export async function deleteForMachine(session: Session, options: DeleteOptions): Promise<void> {
  const { api, out } = session;
  const { component, kind } = await machineOf(session, options.name);
  const maps = (await mapsOf(session, component)).filter(
    (map) => map.protocol === 'tcp' && (options.ipAddress ?? map.address) === map.address,
  );
  const wanted =
    options.overridePort === undefined
      ? ofProtocol(maps, kind, protocolOf(kind, options))
      : maps.filter((map) => map.connectionPort === options.overridePort);
  const [map] = wanted;
  if (new Set(wanted.map((found) => found.address)).size > 1) {
    throw usage(`Say which address of it: --ip-address ${wanted.map((found) => found.address).join(' or ')}.`);
  }
  if (map !== undefined) {
    await PORT_MAPS.remove?.(api, map.id);
    out.note(`Deleted the port map ${reachedAt(map)}.`);
  }
  out.say('OK!');
}

/** The maps to delete: at the port of the protocol, else at an older one of the same (443 of an esrs, say). */
function ofProtocol(
  maps: readonly PortMap[],
  kind: ComponentKind | undefined,
  protocol: MappedProtocol,
): readonly PortMap[] {
  const exact = maps.filter((map) => map.targetPort === targetPortOf(kind, protocol));
  return exact.length > 0 ? exact : maps.filter((map) => speaks(undefined, protocol, map.targetPort));
}

async function machineOf(
  session: Session,
  name: string,
): Promise<{ component: ComponentOf; kind: ComponentKind | undefined }> {
  const [component, kinds] = await Promise.all([
    find(session, COMPONENTS, name),
    session.api.GET('/component-kinds').then((result) => answer(result).data.kinds),
  ]);
  return { component, kind: kindOf(kinds, component.kind) };
}

function protocolOf(kind: ComponentKind | undefined, { protocol, name }: MachineOptions): MappedProtocol {
  const usual = protocol ?? MAPPED_PROTOCOLS.find((word) => word === kind?.defaultPort);
  if (usual !== undefined) return usual;
  throw new Failure(`Say how ${JSON.stringify(name)} shall be reached: --protocol ${MAPPED_PROTOCOLS.join(', ')}.`, 2);
}
