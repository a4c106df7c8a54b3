import type { Noun } from './event-types.js';

/**
 * The data of an event about a resource whose members come and go with it, where each member has an event of its own, with
 * the same verb, that follows. Members differ in their ids and one more value; the outbox has what they share once.
 */
export class WithMembers {
  constructor(
    /** JSON text of the resource before its list of members, and after it. */
    readonly around: readonly [before: string, after: string],
    readonly members: Members,
  ) {}

  /** JSON text of the resource, with its members. */
  get text(): string {
    const { shape, ids, values } = this.members;
    let list = '';
    for (const [n, id] of ids.entries()) list += `${n === 0 ? '' : ','}${memberText(shape, id, values[n] ?? '')}`;
    return this.around[0] + list + this.around[1];
  }
}

export interface Members {
  noun: Noun;
  /** JSON text of a member: before its id, between id and value, after the value. */
  shape: Shape;
  ids: readonly string[];
  /** Text that needs no escape in JSON. */
  values: readonly string[];
}

export type Shape = readonly [string, string, string];

export const memberText = ([before, between, after]: Shape, id: string, value: string): string =>
  before + id + between + value + after;
