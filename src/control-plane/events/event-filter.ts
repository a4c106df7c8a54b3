import { invalidField } from '../../platform/problem/problem.js';
import { collectionOf, EVENT_TYPES, EVENT_VERSION, NOUNS } from './event-types.js';
import type { ToldEvent } from './told-event.js';

/** Which events are wanted, as it was asked; what is absent does not matter. */
export interface FilterQuery {
  type?: string | undefined;
  subject?: string | undefined;
  tag?: string | undefined;
  owner?: string | undefined;
  actor?: string | undefined;
}

/** Types of one query. */
const MAX_PATTERNS = 20;
const COLLECTIONS = NOUNS.map(collectionOf);
const VERSION = new RegExp(`\\.${EVENT_VERSION}$`);

/** Which events are wanted. Two that want the same have the same key. */
export class EventFilter {
  private readonly types: RegExp | undefined;
  /** Ends with a slash: all that begin so. */
  private readonly subject: string | undefined;

  private constructor(
    private readonly query: FilterQuery,
    readonly key: string,
  ) {
    this.types = query.type === undefined ? undefined : typePattern(query.type);
    this.subject = query.subject === undefined ? undefined : checkedSubject(query.subject);
  }

  /** Throws the problem `invalid-field` for a type or a subject that no event can have. */
  static of({ type, subject, tag, owner, actor }: FilterQuery): EventFilter {
    return new EventFilter({ type, subject, tag, owner, actor }, JSON.stringify([type, subject, tag, owner, actor]));
  }

  /** The cheap questions first; tags are in the data, which must be read for them. */
  wants(told: ToldEvent): boolean {
    const { event } = told;
    const { actor, owner, tag } = this.query;
    if (this.types?.test(event.type) === false) return false;
    if (actor !== undefined && event.actor !== actor) return false;
    if (owner !== undefined && event.owner !== owner) return false;
    const { subject } = this;
    if (subject !== undefined) {
      if (subject.endsWith('/') ? !event.subject.startsWith(subject) : event.subject !== subject) return false;
    }
    return tag === undefined || told.tags.has(tag);
  }
}

/**
 * Types as they are asked for, separated by commas: `ipam.lease.created`, with or without the version that events show; `*`
 * for any noun or verb; `ipam.lease.` or `ipam.>` for all that begin so.
 */
function typePattern(asked: string): RegExp {
  const patterns = asked.split(',').map((one) => one.trim().replace(VERSION, ''));
  if (patterns.length > MAX_PATTERNS) throw invalidField('type', `must be at most ${MAX_PATTERNS} types`);
  const expressions = patterns.map((pattern) => {
    const text = pattern
      .replace(/(^|\.)>?$/, '$1>')
      .replace(/[^a-z0-9*>.-]/gi, '!')
      .replaceAll('.', '\\.')
      .replaceAll('*', '[^.]+')
      .replace(/>$/, '.+');
    const expression = pattern === '*' ? '.+' : text;
    if (pattern === '' || !EVENT_TYPES.some((type) => new RegExp(`^${expression}$`).test(type))) {
      throw invalidField(
        'type',
        `${JSON.stringify(pattern)} is no type of event, such as ipam.lease.created or ipam.lease.*`,
      );
    }
    return expression;
  });
  return new RegExp(`^(${expressions.join('|')})$`);
}

function checkedSubject(asked: string): string {
  const [collection = '', ...id] = asked.split('/');
  if (!COLLECTIONS.includes(collection) || id.length === 0) {
    throw invalidField('subject', 'must be like leases/<id>, or leases/ for those of all');
  }
  return asked.replace(/\/\*$/, '/');
}

/** The text of those that are wanted, as server-sent events; undefined for none. */
export function framesOf(events: readonly ToldEvent[], filter: EventFilter): Buffer | undefined {
  const frames = events.filter((told) => filter.wants(told)).map(({ frame }) => frame);
  return frames.length < 2 ? frames[0] : Buffer.concat(frames);
}
