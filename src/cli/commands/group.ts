import type { Command } from 'commander';
import { groupExamples } from '../options/examples.js';
import { listing, type ListOptions } from '../options/listing.js';
import { findId } from '../resources/find.js';
import type { Resource } from '../resources/resource.js';
import { showList, showOne, showRecord } from '../resources/show.js';
import { withSession, type Session } from '../session.js';
import type { Answer } from '../client/answer.js';

interface Named {
  id: string;
  name: string;
}

export interface GroupSettings<T extends Named> {
  /** How one is named on the command line, in help. */
  readonly called?: string;
  /** The list command, before its action is set: a place for more options. */
  readonly list?: (command: Command) => Command;
  /** Another list than the whole one, as the options say. */
  readonly within?: (session: Session, options: Record<string, unknown>) => Promise<Resource<T>['list'] | undefined>;
  readonly examples: readonly string[];
}

/** A group of commands about one kind of resource, with what is alike in all: list, show and delete. */
export function resourceGroup<T extends Named>(
  program: Command,
  word: string,
  resource: Resource<T>,
  settings: GroupSettings<T>,
): Command {
  const { called = `name or id of the ${resource.one}`, list = (command) => command, within } = settings;
  const group = program.command(word).description(`list, show and change ${resource.many}`);
  groupExamples(group, settings.examples);
  listing(list(group.command('list').description(`list ${resource.many}`)), resource.filters, resource.sorts).action(
    withSession(async (session: Session, { pool, subnet, reservation, ...options }: ListOptions & Parents) => {
      const parents = { pool, subnet, reservation };
      await showList(session, resource, options, await within?.(session, parents));
    }),
  );
  group
    .command('show')
    .argument(`<${word}>`, called)
    .description(`show one ${resource.one}`)
    .action(withSession((session: Session, text: string) => showOne(session, resource, text)));
  if (resource.remove !== undefined) {
    group
      .command('delete')
      .argument(`<${word}>`, called)
      .description(`delete a ${resource.one} and what is in it`)
      .action(withSession((session: Session, text: string) => removeOne(session, resource, text)));
  }
  return group;
}

interface Parents {
  readonly pool?: string;
  readonly subnet?: string;
  readonly reservation?: string;
}

export async function removeOne<T extends Named>(
  session: Session,
  resource: Resource<T>,
  text: string,
  remove = resource.remove,
): Promise<void> {
  await remove?.(session.api, await findId(session, resource, text));
  session.out.say(`Deleted ${resource.one} ${JSON.stringify(text)}.`);
}

/** Says what was made or changed: the API's JSON, or all its members. */
export async function tell(session: Session, { text }: Answer<unknown>): Promise<void> {
  if (session.out.json) session.out.raw(text);
  else await showRecord(session, text);
}
