import type { Command } from 'commander';
import { answer } from '../client/answer.js';
import type { Capacity } from '../client/client.js';
import { EXIT, Failure } from '../failure.js';
import { examples } from '../options/examples.js';
import { percent } from '../output/words.js';
import { record, table } from '../output/table.js';
import { POOLS, SUBNETS } from '../resources/addressing.js';
import { findId } from '../resources/find.js';
import { withSession, type Session } from '../session.js';

export function capacityCommand(program: Command): void {
  const command = program
    .command('capacity')
    .argument('<what>', 'name or id of a pool; name, id or network of a subnet')
    .description('count a pool or a subnet now: what is free, in which blocks, and for how long')
    .action(withSession(show));
  examples(command, 'vlab capacity lab', 'vlab capacity 10.0.0.0/24', 'vlab capacity lab --json');
}

/** A pool of that name, else a subnet. */
async function show(session: Session, text: string): Promise<void> {
  const { api, out } = session;
  const { data, text: json } = await subject(session, text).then(({ noun, id }) => {
    const params = { path: { id } };
    return noun === 'pool'
      ? api.GET('/pools/{id}/capacity', { params }).then(answer)
      : api.GET('/subnets/{id}/capacity', { params }).then(answer);
  });
  if (out.json) {
    out.raw(json);
    return;
  }
  out.lines(record(fieldsOf(data)));
  for (const { family, blocks } of data.freeSpace) {
    out.lines(['', `Free blocks of IPv${family}`]);
    out.lines(
      table(
        [
          { title: 'LENGTH', of: (row) => `/${row.prefixLength}` },
          { title: 'BLOCKS', of: (row) => row.blocks },
          { title: 'FITS', of: (row) => row.fits },
        ],
        blocks,
        out.colour,
      ),
    );
  }
  if (data.truncated) out.note('Free space is in more pieces than a report looks at: the blocks are of some of them.');
}

async function subject(session: Session, text: string): Promise<{ noun: 'pool' | 'subnet'; id: string }> {
  try {
    const id = await findId(session, POOLS, text);
    // An id is taken at its word, so it is not known yet whether it is a pool's.
    answer(await session.api.GET('/pools/{id}', { params: { path: { id } } }));
    return { noun: 'pool', id };
  } catch (error) {
    if (!(error instanceof Failure) || error.exitCode !== EXIT.notFound) throw error;
  }
  return { noun: 'subnet', id: await findId(session, SUBNETS, text) };
}

function fieldsOf({ freeSpace, rate, exhaustion, ...counts }: Capacity): [string, string][] {
  const { size, held, free, resting, excluded, utilization } = counts;
  return [
    ['size', size],
    ['held', held],
    ['free', free],
    ['resting', resting],
    ['excluded', excluded],
    ['utilization', percent(utilization)],
    ...freeSpace.flatMap(({ family, largestRun, largestBlock }): [string, string][] => [
      [`longest run of IPv${family}`, `${largestRun.size} (${largestRun.start} to ${largestRun.end})`],
      [`largest block of IPv${family}`, largestBlock],
    ]),
    ['growth a day', rate === null ? 'not known yet' : `${rate.perDay} (usually ${rate.low} to ${rate.high})`],
    ['full in', fullIn(exhaustion)],
  ];
}

function fullIn({ days, soonest, latest, reason }: Capacity['exhaustion']): string {
  if (days === null) return reason === 'not-growing' ? 'it does not grow' : 'not known yet';
  if (days === 0) return 'it is full';
  const low = soonest === null ? '' : `${soonest}`;
  return `${days} days (${low} to ${latest ?? 'never'})`;
}
