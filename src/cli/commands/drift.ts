import type { Command } from 'commander';
import { answer } from '../client/answer.js';
import type { components } from '../client/schema.js';
import { whole } from '../options/parsers.js';
import { table, type Column } from '../output/table.js';
import { findId } from '../resources/find.js';
import { GATEWAYS } from '../resources/forwarding.js';
import { withSession, type Session } from '../session.js';

type Drift = components['schemas']['DriftDocument'];

const COLUMNS: readonly Column<Drift>[] = [
  { title: 'FOUND', of: ({ at }) => at },
  { title: 'BY', of: ({ program }) => program ?? 'unknown' },
  { title: 'MAPS', of: ({ maps }) => String(maps) },
  { title: 'OUTCOME', of: ({ outcome }) => outcome },
  {
    title: 'WHAT',
    of: ({ found: [first = '', ...more] }) => (more.length === 0 ? first : `${first} (+${more.length})`),
  },
];

/** `vlab gateway drift`: what other programs did to a gateway's rules. */
export function driftCommand(group: Command): void {
  group
    .command('drift')
    .argument('<gateway>', 'name or id of the gateway')
    .option('--limit <number>', 'how many at most, the newest first (default: 50)', whole(1, 100))
    .description('what a gateway found changed in its kernel by somebody else, and how that ended')
    .action(
      withSession(async ({ api, out, ...rest }: Session, text: string, { limit }: { limit?: number }) => {
        const path = { id: await findId({ api, out, ...rest }, GATEWAYS, text) };
        const query = limit === undefined ? {} : { limit };
        const { data, text: json } = answer(await api.GET('/gateways/{id}/drift', { params: { path, query } }));
        if (out.json) out.raw(json);
        else if (data.drift.length === 0) out.say('Nobody has changed its rules.');
        else out.lines(table(COLUMNS, data.drift, out.colour));
      }),
    );
}
