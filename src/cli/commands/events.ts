import type { Command } from 'commander';
import { answer } from '../client/answer.js';
import type { Event } from '../client/client.js';
import { eventLine } from '../events/line.js';
import { examples } from '../options/examples.js';
import { whole } from '../options/parsers.js';
import { openSession, traceOf, type GlobalOptions, type Session } from '../session.js';

interface EventsOptions {
  readonly follow?: boolean;
  readonly type?: string;
  readonly actor?: string;
  readonly after?: number;
  readonly limit: number;
}

export function eventsCommand(program: Command): void {
  const command = program
    .command('events')
    .description('what happened, or with --follow what happens, one event a line')
    .option('-f, --follow', 'from now on (or from --after on), until Ctrl-C; reconnects by itself')
    .option('--type <type>', 'only ipam.lease.created, say, or with a dot at the end all that begins so: ipam.lease.')
    .option('--actor <name>', 'only what this principal did')
    .option('--after <position>', 'only events after this place in the stream', whole(0, Number.MAX_SAFE_INTEGER))
    .option('--limit <number>', 'how many to look through, without --follow', whole(1, 1000), 100)
    .action(async (options: EventsOptions, self: Command) => {
      const global = self.optsWithGlobals<GlobalOptions>();
      const session = await openSession(global);
      // The name of a type as events show it has a version; the API asks without.
      const type = options.type?.replace(/\.v[0-9]+$/, '');
      const wish = { ...options, ...(type === undefined ? {} : { type }) };
      await (options.follow === true ? followEvents(session, wish, traceOf(global)) : pageOfEvents(session, wish));
    });
  examples(
    command,
    'vlab events --follow',
    'vlab events --follow --type ipam.component.',
    'vlab events --actor ci --after 4200 --json',
  );
  command.addHelpText('after', '\nWith --json each line is one CloudEvent.');
}

async function pageOfEvents({ api, out }: Session, { type, actor, after, limit }: EventsOptions): Promise<void> {
  const query = {
    limit,
    ...(after === undefined ? {} : { after }),
    ...(type === undefined ? {} : { type }),
    ...(actor === undefined ? {} : { actor }),
  };
  const { data, text } = answer(await api.GET('/events', { params: { query } }));
  if (out.json) {
    const { parseTree, findNodeAtLocation } = await import('jsonc-parser');
    const root = parseTree(text);
    const events = (root === undefined ? undefined : findNodeAtLocation(root, ['events']))?.children ?? [];
    out.lines(events.map(({ offset, length }) => text.slice(offset, offset + length)));
  } else {
    out.lines(data.events.map(eventLine));
  }
  // The page is of a stretch of the stream, and its type is looked at afterwards: it may be short, and not the last.
  if (data.last - (after ?? 0) >= limit) out.note(`There may be more: vlab events --after ${data.last}`);
  else if (data.events.length === 0) out.note('There are no events to show.');
}

async function followEvents(
  { url, token, out }: Session,
  { type, actor, after }: EventsOptions,
  trace: ReturnType<typeof traceOf>,
): Promise<void> {
  const { follow } = await import('../events/follow.js');
  const events = follow({
    url,
    ...(token === undefined ? {} : { token }),
    ...(after === undefined ? {} : { after }),
    ...(type === undefined ? {} : { type }),
    ...(actor === undefined ? {} : { actor }),
    ...trace,
    remark: (message) => out.note(message),
  });
  for await (const text of events) out.lines([out.json ? text : eventLine(JSON.parse(text) as Event)]);
}
