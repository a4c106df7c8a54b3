import type { Command } from 'commander';
import { answer } from '../client/answer.js';
import type { components } from '../client/schema.js';
import { usage } from '../failure.js';
import { examples } from '../options/examples.js';
import { whole } from '../options/parsers.js';
import { record, table, type Column } from '../output/table.js';
import { ago, size } from '../output/words.js';
import { withSession, type Session } from '../session.js';

type Usage = components['schemas']['ComponentUsage'];
type Day = components['schemas']['UsageDay'];
type Client = components['schemas']['ClientUsageDocument'];

const DAYS: readonly Column<Day>[] = [
  { title: 'DAY', of: ({ day }) => day },
  { title: 'CONNECTIONS', of: ({ connections }) => String(connections) },
  { title: 'BYTES', of: ({ bytes }) => size(bytes) },
  { title: 'BY', of: byWhom },
];

const CLIENTS: readonly Column<Client>[] = [
  { title: 'CLIENT', of: ({ address }) => address },
  { title: 'CONNECTIONS', of: ({ connections }) => String(connections) },
  { title: 'BYTES', of: ({ bytes }) => size(bytes) },
  { title: 'LAST USED', of: ({ lastUsed }) => ago(lastUsed) },
];

/** `vlab usage`: do they use that component? */
export function usageCommand(program: Command): void {
  const command = program
    .command('usage')
    .argument('<name>', 'name or id of a component; by name also one that is deleted')
    .option('--days <number>', 'how many days back (default: 30)', whole(1, 366))
    .description('when a component was last used, how much day by day, and by whom')
    .action(withSession(show));
  examples(command, 'vlab usage win1', 'vlab usage win1 --days 7', 'vlab usage win1 --json');
}

async function show({ api, out }: Session, name: string, { days }: { days?: number }): Promise<void> {
  // A path cannot hold them: they would name another resource.
  if (name === '' || name === '.' || name === '..') throw usage(`${JSON.stringify(name)} names no component.`);
  const query = days === undefined ? {} : { days };
  const { data, text } = answer(await api.GET('/components/{id}/usage', { params: { path: { id: name }, query } }));
  if (out.json) {
    out.raw(text);
    return;
  }
  out.lines(record(fieldsOf(data)));
  if (data.days.length > 0) out.lines(['', ...table(DAYS, data.days, out.colour)]);
  const clients = clientsOf(data.days);
  if (clients.length > 0) out.lines(['', ...table(CLIENTS, clients, out.colour)]);
}

const fieldsOf = ({ component, owner, lastUsed, connections, bytes }: Usage): [string, string][] => [
  ['component', component],
  ['owner', owner],
  ['last used', lastUsed === null ? 'never, as far as is known' : `${lastUsed} (${ago(lastUsed)})`],
  ['connections', String(connections)],
  ['bytes', size(bytes)],
];

function byWhom({ clients, otherConnections }: Day): string {
  if (clients === undefined) return 'not shown to others';
  const named = clients.slice(0, 3).map(({ address }) => address);
  const more = clients.length - named.length;
  const rest = more > 0 || (otherConnections ?? 0) > 0 ? ['others'] : [];
  return [...named, ...rest].join(', ');
}

/** The clients of all days, those with the most connections first. */
function clientsOf(days: readonly Day[]): Client[] {
  const all = new Map<string, Client>();
  for (const client of days.flatMap(({ clients = [] }) => clients)) {
    const before = all.get(client.address);
    if (before === undefined) all.set(client.address, { ...client });
    else {
      before.connections += client.connections;
      before.bytes += client.bytes;
      if (client.lastUsed > before.lastUsed) before.lastUsed = client.lastUsed;
    }
  }
  return [...all.values()].sort((a, b) => b.connections - a.connections).slice(0, 20);
}
