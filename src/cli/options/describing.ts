import type { Command } from 'commander';
import type { JsonText } from '../../platform/json/json-text.js';
import { usage } from '../failure.js';
import { jsonValue, repeated } from './parsers.js';

/** What every resource can be described with. */
export interface Describing {
  readonly name?: string;
  readonly tag?: readonly string[];
  readonly metadata?: JsonText;
}

export interface Redescribing extends Describing {
  readonly clearTags?: boolean;
}

interface Described {
  name?: string;
  tags?: string[];
  metadata?: Record<string, unknown> | null;
}

/** --name, --tag and --metadata of something new. */
export const describing = (command: Command): Command =>
  labelling(command.option('-n, --name <name>', 'a name for people'));

/** The same without --name. */
export const labelling = (command: Command): Command =>
  command
    .option('--tag <tag>', 'a label to find it by; may be given again', repeated)
    .option('--metadata <json>', 'any JSON value, returned as it came', jsonValue);

/** The same of something that is there. */
export const redescribing = (command: Command): Command =>
  command
    .option('-n, --name <name>', 'the new name')
    .option('--tag <tag>', 'the tags it shall have, in place of all it has; may be given again', repeated)
    .option('--clear-tags', 'take its tags away')
    .option('--metadata <json>', 'JSON merged into what is there (RFC 7396)', jsonValue);

/** The members of a body; only what was given. */
export function described({ name, tag, metadata }: Describing): Described {
  return {
    ...(name === undefined ? {} : { name }),
    ...(tag === undefined ? {} : { tags: [...tag] }),
    // The client writes JsonText as it is; the generated type knows only objects.
    ...(metadata === undefined ? {} : { metadata: metadata as unknown as Record<string, unknown> }),
  };
}

export function redescribed(options: Redescribing): Described {
  if (options.clearTags === true && options.tag !== undefined) throw usage('Give --tag or --clear-tags, not both.');
  return { ...described(options), ...(options.clearTags === true ? { tags: [] } : {}) };
}

/** Refuses an update that would change nothing. */
export function changed<T extends object>(body: T): T {
  if (Object.keys(body).length === 0) throw usage('Say what to change; --help lists the options.');
  return body;
}
