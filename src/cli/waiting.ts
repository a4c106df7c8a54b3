import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from './client/answer.js';
import type { PortMap } from './client/client.js';
import { Failure } from './failure.js';
import { counted, hostPort } from './output/words.js';
import { GATEWAYS } from './resources/forwarding.js';
import type { Session } from './session.js';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1_000;

/** `planned`: the gateway has said that it would make the rules, and that it only plans. `late`: time is up. */
export type Outcome = 'active' | 'planned' | 'late';

/** Reads again and again until the probe gives something, or undefined at the deadline; the pauses grow. */
export async function eventually<T>(seconds: number, probe: () => Promise<T | undefined>): Promise<T | undefined> {
  const deadline = Date.now() + seconds * 1000;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS)) {
    const found = await probe();
    const left = deadline - Date.now();
    if (found !== undefined || left <= 0) return found;
    await sleep(Math.min(pause, left));
  }
}

/** Waits until all of the port maps are active. `last` is the latest answer, whatever came of it. */
export async function untilActive<T>(
  session: Session,
  seconds: number,
  begin: Answer<T>,
  read: () => Promise<Answer<T>>,
  mapsOf: (data: T) => readonly PortMap[],
): Promise<{ last: Answer<T>; outcome: Outcome }> {
  let last: Answer<T> | undefined;
  const outcome = await eventually<Outcome>(seconds, async () => {
    last = last === undefined ? begin : await read();
    const waiting = mapsOf(last.data).filter((map) => map.status !== 'active');
    if (waiting.length === 0) return 'active';
    return (await onlyPlanned(session, waiting)) ? 'planned' : undefined;
  });
  return { last: last ?? begin, outcome: outcome ?? 'late' };
}

/** True when gateways that only plan have reported on every map: a report makes its version grow. */
async function onlyPlanned({ api }: Session, waiting: readonly PortMap[]): Promise<boolean> {
  if (waiting.some((map) => map.status !== 'pending' || map.version === 1)) return false;
  for (const id of new Set(waiting.map((map) => map.gateway))) {
    if ((await GATEWAYS.get(api, id)).data.mode !== 'plan') return false;
  }
  return true;
}

/** Says what came of waiting; throws for `late`. `stands` tells what became of the request itself. */
export async function tellOutcome(
  { api, out }: Session,
  outcome: Outcome,
  seconds: number,
  maps: readonly PortMap[],
  stands: string,
): Promise<void> {
  if (outcome === 'active') return;
  const waiting = maps.filter((map) => map.status !== 'active');
  if (outcome === 'planned') {
    out.note('The gateway only plans: it says what it would do and changes nothing, so no connection passes yet.');
    out.note('FIREWALL=iptables lets it make the rules (docs/configuration.md).');
    return;
  }
  const hints = waiting.map(
    (map) =>
      `  ${hostPort(map.externalAddress, map.connectionPort)} is ${map.status}${map.reason === null ? '' : `: ${map.reason}`}`,
  );
  for (const id of new Set(waiting.map((map) => map.gateway))) {
    const { name, lastSeenAt } = (await GATEWAYS.get(api, id)).data;
    if (lastSeenAt === null)
      hints.push(`The gateway ${JSON.stringify(name)} has never been seen: does berth gateway run on it?`);
  }
  const what = counted(waiting.length, 'port map is', 'port maps are');
  throw new Failure(`${what} not active after ${seconds} s.`, undefined, [...hints, stands]);
}
