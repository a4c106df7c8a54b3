import type { Command } from 'commander';
import { answer } from '../client/answer.js';
import { Failure, usage } from '../failure.js';
import {
  changed,
  described,
  describing,
  redescribed,
  redescribing,
  type Describing,
  type Redescribing,
} from '../options/describing.js';
import { duration, repeated, whole } from '../options/parsers.js';
import { findId } from '../resources/find.js';
import { WEBHOOKS } from '../resources/webhooks.js';
import { withSession, type Session } from '../session.js';
import { deadLetterCommands } from './dead-letters.js';
import { resourceGroup, tell } from './group.js';

const CALLED = 'name or id of the webhook';

interface Shape {
  readonly to?: string;
  readonly type?: readonly string[];
  readonly subject?: readonly string[];
  readonly owner?: readonly string[];
}

const shaping = (command: Command): Command =>
  command
    .option('--type <type>', "type of event that it gets, such as 'ipam.lease.*'; may be given again", repeated)
    .option('--subject <subject>', "resource whose events it gets, such as 'leases/*'; may be given again", repeated)
    .option('--owner <owner>', "owner whose resources' events it gets; may be given again", repeated);

const shapeOf = ({ to, type, subject, owner }: Shape) => ({
  ...(to === undefined ? {} : { url: to }),
  ...(type === undefined ? {} : { types: [...type] }),
  ...(subject === undefined ? {} : { subjects: [...subject] }),
  ...(owner === undefined ? {} : { owners: [...owner] }),
});

export function webhookCommands(program: Command): void {
  const group = resourceGroup(program, 'webhook', WEBHOOKS, {
    called: CALLED,
    examples: [
      "vlab webhook create --name dns --to https://receiver.example/berth --type 'ipam.lease.*'",
      'vlab webhook test dns',
      'vlab webhook rotate dns --overlap 1d',
      'vlab webhook dead-letters dns',
      'vlab webhook replay dns',
    ],
  });
  shaping(describing(group.command('create').description('make a webhook; its secret is shown once, now')))
    .requiredOption('--to <url>', 'where events are sent to')
    .option('--after <position>', 'begin after this place in the stream (0: with all there is)', whole(0, 2 ** 53 - 1))
    .option('--disabled', 'send nothing yet')
    .action(
      withSession(
        async (session: Session, options: Describing & Shape & { to: string; after?: number; disabled?: boolean }) => {
          const { to: url, after, disabled } = options;
          const begin = after === undefined ? {} : { after };
          const body = { ...described(options), ...shapeOf(options), url, ...begin, enabled: disabled !== true };
          await tell(session, answer(await session.api.POST('/webhooks', { body })));
        },
      ),
    );
  shaping(redescribing(group.command('update').argument('<webhook>', CALLED).description('change a webhook')))
    .option('--to <url>', 'where events are sent to')
    .option('--enable', 'go on where it was')
    .option('--disable', 'send nothing; events wait')
    .action(withSession(update));
  group
    .command('rotate')
    .argument('<webhook>', CALLED)
    .option(
      '--overlap <time>',
      'for how long the secret before signs too, such as 1h, at most 7d (default: 1d)',
      duration,
    )
    .option('--no-overlap', 'the secret before is worth nothing from now on')
    .description('make a new secret, shown once, now')
    .action(
      withSession(async (session: Session, text: string, { overlap }: { overlap?: number | boolean }) => {
        // Commander sets an option that has a --no- form to true when neither is given.
        const body =
          overlap === false ? { overlapSeconds: 0 } : typeof overlap === 'number' ? { overlapSeconds: overlap } : {};
        const path = { id: await findId(session, WEBHOOKS, text) };
        await tell(session, answer(await session.api.POST('/webhooks/{id}/rotate', { params: { path }, body })));
      }),
    );
  group
    .command('test')
    .argument('<webhook>', CALLED)
    .description('send a ping at once and tell the outcome')
    .action(withSession(test));
  deadLetterCommands(group, CALLED);
}

interface Changes extends Redescribing, Shape {
  readonly enable?: boolean;
  readonly disable?: boolean;
}

async function update(session: Session, text: string, options: Changes): Promise<void> {
  const { enable, disable } = options;
  if (enable === true && disable === true) throw usage('Give --enable or --disable, not both.');
  const enabled = enable === true ? { enabled: true } : disable === true ? { enabled: false } : {};
  const body = changed({ ...redescribed(options), ...shapeOf(options), ...enabled });
  const path = { id: await findId(session, WEBHOOKS, text) };
  await tell(session, answer(await session.api.PATCH('/webhooks/{id}', { params: { path }, body })));
}

async function test(session: Session, text: string): Promise<void> {
  const { api, out } = session;
  const path = { id: await findId(session, WEBHOOKS, text) };
  const outcome = answer(await api.POST('/webhooks/{id}/test', { params: { path } }));
  const { delivered, status, error, milliseconds } = outcome.data;
  if (out.json) out.raw(outcome.text);
  else if (delivered) out.say(`The receiver answered ${status} after ${milliseconds} ms.`);
  if (!delivered) throw new Failure(`The ping was not delivered: ${error ?? 'no reason is known'}.`);
}
