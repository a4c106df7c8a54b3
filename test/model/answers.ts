import { bestFit } from './granting.js';
import { placesOf } from './crowd.js';
import type { Claim, Operation, Told, Violation } from './record.js';

/** Date.now() knows milliseconds only. */
const TICK = 2;

/** What the events tell of a resource. */
export interface Story {
  created?: Told;
  deleted?: Told;
  versions: Map<number, Told>;
  /** The earliest time at which it was to end by itself. */
  ends: number;
}

export function storiesOf(events: readonly Told[]): Map<string, Story> {
  const stories = new Map<string, Story>();
  for (const event of events) {
    const story = stories.get(event.id) ?? { versions: new Map<number, Told>(), ends: Infinity };
    stories.set(event.id, story);
    if (event.verb === 'created') story.created = event;
    if (event.verb === 'deleted') story.deleted = event;
    else story.versions.set(event.data.version as number, event);
    if (typeof event.data.expiresAt === 'string') story.ends = Math.min(story.ends, Date.parse(event.data.expiresAt));
  }
  return stories;
}

/**
 * Every answer against the events: what was acknowledged was done, once, while it was asked for; what was refused was not;
 * what is not known was done wholly or not at all.
 */
export function checkAnswers(operations: readonly Operation[], stories: ReadonlyMap<string, Story>): Violation[] {
  const released = new Map<string, number>();
  return operations.flatMap((operation) => {
    const { kind, id, status } = operation;
    if ((kind === 'release' || kind === 'release lease' || kind === 'delete') && status === 204) {
      released.set(id, (released.get(id) ?? 0) + 1);
    }
    const rules = [...rulesOf(operation, stories.get(id))];
    if ((released.get(id) ?? 0) > 1) rules.push('ended twice');
    return rules.map((rule) => ({ rule: `${kind}: ${rule}`, id }));
  });
}

function* rulesOf(operation: Operation, story: Story | undefined): Generator<string> {
  const { kind, status, from, to, version, ifMatch } = operation;
  const within = (event: Told): boolean => from - TICK <= event.at && event.at <= to + TICK;
  switch (kind) {
    case 'preview':
      if (story !== undefined) yield 'a preview was told';
      return;
    case 'reserve':
    case 'make subnet':
      if (status === 201 && story?.created === undefined) yield 'acknowledged, and not there';
      if (status !== undefined && status !== 201 && story !== undefined) yield `refused with ${status}, and there`;
      if (story?.created !== undefined && !within(story.created)) yield 'made at another time than it was asked for';
      if (operation.claim !== undefined && story?.created !== undefined) yield* wholly(operation.claim, story.created);
      return;
    case 'renew':
    case 'change':
    case 'reshape': {
      if (status === 404) yield* wasGone(operation, story);
      if (status !== 200 || version === undefined) return;
      const event = story?.versions.get(version);
      if (event === undefined) yield `acknowledged version ${version}, which was never told`;
      else if (!within(event)) yield `version ${version} is of another time than it was asked for`;
      if (ifMatch !== undefined && version !== ifMatch + 1) yield `If-Match ${ifMatch} led to version ${version}`;
      return;
    }
    case 'release':
    case 'release lease':
    case 'delete':
      if (status === 404) yield* wasGone(operation, story);
      if (status !== 204) return;
      if (story?.deleted === undefined) yield 'acknowledged, and not told';
      else if (!within(story.deleted)) yield 'ended at another time than it was asked for';
      return;
    case 'quota':
      if (status === 200 && story?.versions.has(version ?? 0) !== true) yield 'acknowledged, and not told';
  }
}

/** A reservation is lost from the moment at which it ends, also before its addresses are free. */
function* wasGone({ to }: Operation, story: Story | undefined): Generator<string> {
  const gone = Math.min(story?.deleted?.at ?? Infinity, story?.ends ?? Infinity);
  if (story?.created !== undefined && gone > to + TICK) yield 'not found, and it was there';
}

/** All that was asked for, as it was asked for, and what the answer said. */
function* wholly({ count, addresses, orOthers, align, granted }: Claim, { data }: Told): Generator<string> {
  const got = (data.leases as { address: string }[]).map(({ address }) => address);
  if (got.length !== count) yield `${got.length} leases instead of ${count}`;
  if (granted !== undefined && granted.join() !== got.join())
    yield `the answer said ${granted.join()}, not ${got.join()}`;
  if (addresses !== undefined && orOthers !== true && addresses.some((one) => !got.includes(one))) {
    yield `${got.join()} instead of ${addresses.join()}`;
  }
  const places = placesOf(got);
  if (align !== undefined && bestFit(places, count, align)?.length !== count) yield `${got.join()} is no block`;
}
