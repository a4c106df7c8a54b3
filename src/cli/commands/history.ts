import type { Command } from 'commander';
import { answer } from '../client/answer.js';
import type { components } from '../client/schema.js';
import { examples } from '../options/examples.js';
import { whole } from '../options/parsers.js';
import { historyPlace, moment, type HistoryPlace } from '../options/place.js';
import { table, type Column } from '../output/table.js';
import { hostPort } from '../output/words.js';
import { usage } from '../failure.js';
import { withSession, type Session } from '../session.js';

type AddressSegment = components['schemas']['AddressSegment'];
type PortSegment = components['schemas']['PortSegment'];
type Segment = AddressSegment | PortSegment;

interface HistoryOptions {
  readonly at?: string;
  readonly from?: string;
  readonly to?: string;
  readonly limit?: number;
}

const ends = ({ ended, endedBy, reason }: Segment): string =>
  ended === null ? '' : `${ended}${endedBy === null ? '' : ` by ${endedBy}`}${reason === null ? '' : `: ${reason}`}`;

const TIMES: readonly Column<Segment>[] = [
  { title: 'SINCE', of: ({ since }) => since },
  { title: 'UNTIL', of: ({ until }) => until ?? 'now' },
  { title: 'OWNER', of: ({ owner }) => owner },
];
const END: Column<Segment> = { title: 'ENDED', of: ends };

const ADDRESS_COLUMNS: readonly Column<AddressSegment>[] = [
  ...TIMES,
  { title: 'LEASE', of: ({ lease, reservation }) => lease.name || reservation.name || lease.id },
  { title: 'POOL', of: ({ pool }) => pool },
  END,
];
const PORT_COLUMNS: readonly Column<PortSegment>[] = [
  ...TIMES,
  { title: 'TARGET', of: ({ target }) => hostPort(target.address, target.port) },
  { title: 'PORT MAP', of: ({ portMap }) => portMap.name || portMap.id },
  { title: 'GATEWAY', of: ({ gateway }) => gateway },
  END,
];

export function historyCommand(program: Command): void {
  const command = program
    .command('history')
    .argument('<address>', "an address, or address:port/protocol for a port of a gateway's address", historyPlace)
    .description('who held an address or a port, newest first; with --at, who held it then')
    .option('--at <time>', 'who held it at this moment', moment)
    .option('--from <time>', 'only what lasted beyond this moment', moment)
    .option('--to <time>', 'only what began before this moment', moment)
    .option('--limit <number>', 'how many at most (default: 100)', whole(1, 1000))
    .action(withSession(history));
  examples(
    command,
    'vlab history 10.0.0.7',
    "vlab history 10.0.0.7 --at '2026-01-31 12:00'",
    'vlab history 203.0.113.1:10012/tcp --at 2026-01-31T12:00:00Z',
    'vlab history 203.0.113.1:10012 --from 2026-01-01 --json',
  );
}

async function history(session: Session, place: HistoryPlace, options: HistoryOptions): Promise<void> {
  const { at, from, to, limit } = options;
  if (at !== undefined && (from ?? to ?? limit) !== undefined) {
    throw usage('--at asks for one moment: it does not go with --from, --to or --limit.');
  }
  const query = {
    ...(at === undefined ? {} : { at }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(limit === undefined ? {} : { limit }),
  };
  const { api } = session;
  const { address, port } = place;
  if (port === undefined) {
    const path = { address };
    const { data, text } = answer(await api.GET('/addresses/{address}/history', { params: { path, query } }));
    show(session, ADDRESS_COLUMNS, data, text);
  } else {
    const path = { address, protocol: port.protocol, port: String(port.number) };
    const found = await api.GET('/addresses/{address}/ports/{protocol}/{port}/history', { params: { path, query } });
    const { data, text } = answer(found);
    show(session, PORT_COLUMNS, data, text);
  }
}

function show<T extends Segment>(
  { out }: Session,
  columns: readonly Column<T>[],
  { history: segments, next }: { history: T[]; next?: string },
  text: string,
): void {
  if (out.json) {
    out.raw(text);
    return;
  }
  if (segments.length === 0) out.note('Nobody, as far as you may know.');
  out.lines(table(columns, segments, out.colour));
  const last = segments.at(-1);
  if (next !== undefined && last !== undefined) out.note(`There is more: --to ${last.since}`);
}
