import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import type { Command } from 'commander';
import { parseBody } from '../../platform/json/json-text.js';
import { answer } from '../client/answer.js';
import type { BulkRequest, BulkResult } from '../client/client.js';
import { Failure, usage } from '../failure.js';
import { table } from '../output/table.js';
import { addressesOf } from '../resources/addressing.js';
import { withSession, type Session } from '../session.js';

/** `vlab reservation bulk`: many releases and reservations in one transaction. */
export function bulkCommand(group: Command): void {
  group
    .command('bulk')
    .argument('<file>', 'JSON of what to release and to create; - is standard input')
    .option('--atomic', 'all or nothing')
    .description('release and create many reservations in one transaction, in this order')
    .action(
      withSession(async (session: Session, file: string, { atomic }: { atomic?: boolean }) => {
        const request = { ...(await read(file)), ...(atomic === true ? { atomic } : {}) };
        const { data, text } = answer(await session.api.POST('/reservations/bulk', { body: request }));
        if (session.out.json) session.out.raw(text);
        else print(session, request, data.results);
        const failed = data.results.filter(({ problem }) => problem !== undefined).length;
        if (failed > 0) throw new Failure(`${failed} of ${data.results.length} failed; the others are done.`);
      }),
    );
}

/** Metadata in it is sent as it was written. */
async function read(file: string): Promise<BulkRequest> {
  let text: string;
  try {
    text = file === '-' ? await readAll(process.stdin) : await readFile(file, 'utf8');
  } catch (error) {
    throw usage(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}.`);
  }
  let value: unknown;
  try {
    value = parseBody(text);
  } catch (error) {
    throw usage(`${file} is no JSON: ${error instanceof Error ? error.message : String(error)}.`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw usage(`${file} must hold an object such as {"release": ["..."], "create": [{"pool": "..."}]}.`);
  }
  return value;
}

function print({ out }: Session, { release = [] }: BulkRequest, results: readonly BulkResult[]): void {
  const rows = results.map((result, n) => {
    const at = n - release.length;
    return { ...result, item: at < 0 ? `release ${n}` : `create ${at}` };
  });
  out.lines(
    table(
      [
        { title: 'ITEM', of: (row) => row.item },
        { title: 'STATUS', of: ({ problem, status }) => problem?.code ?? (status === 204 ? 'released' : 'created') },
        { title: 'ADDRESSES', of: ({ reservation }) => addressesOf(reservation?.leases ?? []) },
        { title: 'RESERVATION', of: ({ reservation }) => reservation?.id ?? '' },
        { title: 'PROBLEM', of: ({ problem }) => problem?.detail ?? '' },
      ],
      rows,
      out.colour,
    ),
  );
}
