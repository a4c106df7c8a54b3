import type { Command } from 'commander';
import { answer, Refusal } from '../client/answer.js';
import type { ComponentOf, Gateway } from '../client/client.js';
import { Failure } from '../failure.js';
import { examples } from '../options/examples.js';
import { paintStatus } from '../output/output.js';
import { record, table, type Column } from '../output/table.js';
import { ago } from '../output/words.js';
import { everything } from '../resources/find.js';
import { COMPONENTS, GATEWAYS, PORT_MAPS } from '../resources/forwarding.js';
import { withSession, type Session } from '../session.js';
import { facts, MACHINE_COLUMNS, quotaLines, reachability, type MachineState } from '../status/machines.js';

/** How far a gateway is; `generation` is null where the caller may not know what is desired. */
interface GatewayState {
  readonly name: string;
  readonly mode: Gateway['mode'];
  readonly lastSeenAt: string | null;
  readonly observedGeneration: number | null;
  readonly generation: number | null;
}

export function statusCommand(program: Command): void {
  const command = program
    .command('status')
    .description('who am I, what may I hold, how are the gateways and my machines')
    .option('--check', 'try from here whether the ports of my machines can be connected to')
    .action(withSession(status));
  examples(command, 'vlab status', 'vlab status --check', 'vlab status --json');
}

async function status(session: Session, { check = false }: { check?: boolean }): Promise<void> {
  const { url, token, holder, api, out } = session;
  let trouble: Failure | undefined;
  try {
    answer(await api.GET('/health/ready'));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    trouble = error;
  }
  const until = holder.expires === undefined ? '' : `, until ${holder.expires.toISOString()}`;
  const head = record([
    ['url', url],
    ['user', token === undefined ? 'without a token' : `${holder.name} (${holder.role}${until})`],
    ['api', trouble === undefined ? 'ready' : 'not ready'],
  ]);
  if (trouble !== undefined) {
    if (out.json) out.raw(JSON.stringify({ url, user: holder, ready: false }));
    else out.lines(head);
    throw trouble;
  }
  const gateways: GatewayState[] = [];
  for await (const gateway of everything(session, GATEWAYS, {})) gateways.push(await stateOf(session, gateway));
  const counts: Record<string, number> = {};
  for await (const map of everything(session, PORT_MAPS, { owner: holder.name })) {
    counts[map.status] = (counts[map.status] ?? 0) + 1;
  }
  const me = answer(await api.GET('/me')).data;
  const machines: MachineState[] = [];
  for await (const component of everything(session, COMPONENTS, { owner: me.name }))
    machines.push(await asGatewaysSee(session, component));
  const checked = check ? await reachability(machines) : machines;
  if (out.json) {
    out.raw(
      JSON.stringify({
        url,
        user: holder,
        ready: true,
        gateways,
        portMaps: counts,
        usage: me.usage,
        machines: checked.map(facts),
      }),
    );
    return;
  }
  const maps = Object.entries(counts).map(([name, count]) => `${count} ${name}`);
  out.lines([...head, ...record([['maps', maps.length === 0 ? 'none' : maps.join(', ')]]), ...quotaLines(me.usage)]);
  out.lines(gateways.length === 0 ? ['', 'There are no gateways.'] : ['', ...table(COLUMNS, gateways, out.colour)]);
  out.lines(
    checked.length === 0 ? ['', 'You have no machines.'] : ['', ...table(MACHINE_COLUMNS, checked, out.colour)],
  );
}

const COLUMNS: readonly Column<GatewayState>[] = [
  { title: 'GATEWAY', of: ({ name }) => name },
  { title: 'MODE', of: ({ mode }) => mode ?? '' },
  { title: 'LAST SEEN', of: ({ lastSeenAt }) => ago(lastSeenAt) },
  { title: 'STATE', of: progress, paint: paintStatus },
];

function progress({ generation, observedGeneration: seen }: GatewayState): string {
  if (generation === null) return seen === null ? '' : `at generation ${seen}`;
  if (seen === null) return 'behind: it has reported nothing yet';
  return seen >= generation ? 'current' : `behind: at generation ${seen} of ${generation}`;
}

/** Whether a machine answers at one of its addresses, as far as gateways know. An API from before that is asked in vain. */
async function asGatewaysSee({ api }: Session, component: ComponentOf): Promise<MachineState> {
  try {
    const states = await Promise.all(
      component.leases.map(async ({ id }) => {
        const result = await api.GET('/leases/{id}/reachability', { params: { path: { id } } });
        return answer(result).data.state;
      }),
    );
    const routable = states.includes('reachable') || (states.includes('unreachable') ? false : null);
    return { component, routable };
  } catch (error) {
    // Or the lease has just been released.
    if (!(error instanceof Refusal) || error.status !== 404) throw error;
    return { component };
  }
}

/** Asking for what is later than the gateway has seen costs next to nothing when there is nothing later. */
async function stateOf({ api }: Session, gateway: Gateway): Promise<GatewayState> {
  const { id, name, mode, lastSeenAt, observedGeneration } = gateway;
  const query = observedGeneration === null ? {} : { after: observedGeneration };
  try {
    const result = await api.GET('/gateways/{id}/desired-state', { params: { path: { id }, query } });
    const nothingLater = result.response.status === 204;
    const generation = nothingLater ? observedGeneration : answer(result).data.generation;
    return { name, mode, lastSeenAt, observedGeneration, generation };
  } catch (error) {
    // Only admins and the gateway itself may know; or it has just been deleted.
    if (!(error instanceof Refusal) || ![403, 404].includes(error.status)) throw error;
    return { name, mode, lastSeenAt, observedGeneration, generation: null };
  }
}
