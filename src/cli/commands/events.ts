import type { Command } from 'commander';
import { answer } from '../client/answer.js';
import type { Event } from '../client/client.js';
import type { components } from '../client/schema.js';
import type { Filters } from '../events/follow.js';
import { eventLine } from '../events/line.js';
import { examples } from '../options/examples.js';
import { whole } from '../options/parsers.js';
import { openSession, traceOf, type GlobalOptions, type Session } from '../session.js';

interface EventsOptions {
  readonly follow?: boolean;
  readonly type?: string;
  readonly subject?: string;
  readonly tag?: string;
  readonly owner?: string;
  readonly actor?: string;
  readonly after?: number;
  readonly limit: number;
}

export function eventsCommand(program: Command): void {
  const command = program
    .command('events')
    .description('what happened, or with --follow what happens, one event a line')
    .option('-f, --follow', 'from now on (or from --after on), until Ctrl-C; reconnects by itself')
    .option('--type <types>', 'only these, separated by commas: ipam.lease.created, ipam.lease.*, ipam.*.deleted')
    .option('--subject <subject>', 'only what is about this: leases/<id>, say, or leases/ for all of a kind')
    .option('--tag <tag>', 'only what is about resources with this tag')
    .option('--owner <name>', 'only what is about resources of this owner')
    .option('--actor <name>', 'only what this principal did')
    .option('--after <position>', 'only events after this place in the stream', whole(0, Number.MAX_SAFE_INTEGER))
    .option('--limit <number>', 'how many to show, without --follow', whole(1, 1000), 100)
    .action(async (options: EventsOptions, self: Command) => {
      const global = self.optsWithGlobals<GlobalOptions>();
      const session = await openSession(global);
      await (options.follow === true
        ? followEvents(session, options, traceOf(global))
        : pageOfEvents(session, options));
    });
  examples(
    command,
    'vlab events --follow',
    'vlab events --follow --type ipam.component.*',
    'vlab events --subject leases/0192f0c1-7a3e-7c11-9d0a-3b5f6c7d8e9f',
    'vlab events --actor ci --after 4200 --json',
  );
  command.addHelpText('after', '\nWith --json each line is one CloudEvent.');
}

type EventPage = components['schemas']['EventPage'];

/** The parameters of `GET /events` that were asked for. */
const queryOf = ({ type, subject, tag, owner, actor, after }: EventsOptions): Filters => ({
  ...(after === undefined ? {} : { after }),
  ...(type === undefined ? {} : { type }),
  ...(subject === undefined ? {} : { subject }),
  ...(tag === undefined ? {} : { tag }),
  ...(owner === undefined ? {} : { owner }),
  ...(actor === undefined ? {} : { actor }),
});

async function pageOfEvents({ api, out }: Session, options: EventsOptions): Promise<void> {
  const query = { ...queryOf(options), limit: options.limit };
  const { data, text } = answer(await api.GET('/events', { params: { query } }));
  // without Accept: text/event-stream it is a page
  const page = data as EventPage;
  if (out.json) {
    const { parseTree, findNodeAtLocation } = await import('jsonc-parser');
    const root = parseTree(text);
    const events = (root === undefined ? undefined : findNodeAtLocation(root, ['events']))?.children ?? [];
    out.lines(events.map(({ offset, length }) => text.slice(offset, offset + length)));
  } else {
    out.lines(page.events.map(eventLine));
  }
  if (page.next !== undefined) out.note(`There may be more: vlab events --after ${page.last}`);
  else if (page.events.length === 0) out.note('There are no events to show.');
}

async function followEvents(
  { url, token, out }: Session,
  options: EventsOptions,
  trace: ReturnType<typeof traceOf>,
): Promise<void> {
  const { follow } = await import('../events/follow.js');
  const events = follow({
    url,
    ...(token === undefined ? {} : { token }),
    query: queryOf(options),
    ...trace,
    remark: (message) => out.note(message),
  });
  for await (const text of events) out.lines([out.json ? text : eventLine(JSON.parse(text) as Event)]);
}
