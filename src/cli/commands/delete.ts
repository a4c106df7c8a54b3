import type { Command } from 'commander';
import { Refusal } from '../client/answer.js';
import type { ComponentOf, PortMap } from '../client/client.js';
import { Failure } from '../failure.js';
import { examples } from '../options/examples.js';
import { requireName } from '../options/named.js';
import { whole } from '../options/parsers.js';
import { cited, counted, shellWord } from '../output/words.js';
import { find } from '../resources/find.js';
import { COMPONENTS, PORT_MAPS, reachedAt } from '../resources/forwarding.js';
import { withSession, type Session } from '../session.js';
import { eventually } from '../waiting.js';
import { deletePortmapCommand } from './portmap-for-machine.js';

const USUAL_WAIT = 15;

interface DeleteOptions {
  readonly name: string;
  /** Seconds; true for --wait alone. */
  readonly wait?: number | true;
}

export function deleteCommand(program: Command): void {
  const command = program
    .command('delete')
    .argument('<kind>', 'what it is, as it was created')
    .description('release a component with all its addresses and ports')
    .option('-n, --name <name>', 'its name or id')
    .option('--wait [seconds]', `wait until the gateway has removed its rules (default: ${USUAL_WAIT})`, whole(0, 3600))
    .action(withSession(remove));
  requireName(command);
  deletePortmapCommand(command);
  examples(
    command,
    'vlab delete windows --name win1',
    'vlab delete portmap --name win1 --protocol rdp',
    'vlab delete centos --name web --wait 30',
  );
}

async function remove(session: Session, kind: string, { name, wait }: DeleteOptions): Promise<void> {
  const component = await findOfKind(session, kind, name, 'delete');
  const { leases, portMaps } = component;
  await COMPONENTS.remove?.(session.api, component.id);
  const what = [counted(leases.length, 'address', 'addresses'), counted(portMaps.length, 'port', 'ports')].join(
    ' and ',
  );
  session.out.say(`Deleted ${component.kind} ${JSON.stringify(component.name)} with ${what}.`);
  if (wait !== undefined) await untilGone(session, portMaps, wait === true ? USUAL_WAIT : wait);
}

/** The component of a name, which must be of the kind that the user thinks it is. */
export async function findOfKind(session: Session, kind: string, name: string, verb: string): Promise<ComponentOf> {
  const component = await find(session, COMPONENTS, name);
  if (component.kind.toLowerCase() !== kind.toLowerCase()) {
    throw new Failure(
      `${JSON.stringify(name)} is of the kind ${JSON.stringify(component.kind)}, not ${JSON.stringify(kind)}.`,
      undefined,
      [`Use ${cited(`vlab ${verb} ${shellWord(component.kind)} --name ${shellWord(name)}`)} if you mean that one.`],
    );
  }
  return component;
}

/** Waits until the gateway has confirmed that the rules are gone, and the ports are free. */
export async function untilGone({ api }: Session, maps: readonly PortMap[], seconds: number): Promise<void> {
  let left = [...maps];
  const gone = await eventually(seconds, async () => {
    const there = await Promise.all(left.slice(0, 20).map(async (map) => [map, await isThere(map)] as const));
    const ended = new Set(there.filter(([, is]) => !is).map(([map]) => map));
    left = left.filter((map) => !ended.has(map));
    return left.length === 0 ? true : undefined;
  });
  if (gone === true) return;
  throw new Failure(
    `The gateway has not confirmed after ${seconds} s that ${left.map(reachedAt).join(', ')} is closed.`,
    undefined,
    ['The ports are released as soon as it does; nothing more is to be done, unless that gateway is gone for good.'],
  );

  async function isThere({ id }: PortMap): Promise<boolean> {
    try {
      await PORT_MAPS.get(api, id);
      return true;
    } catch (error) {
      if (error instanceof Refusal && error.code === 'not-found') return false;
      throw error;
    }
  }
}
