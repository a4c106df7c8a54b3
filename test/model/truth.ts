import type { Story } from './answers.js';
import { QUARANTINE } from './crowd.js';
import { bestFit } from './granting.js';
import { usable } from './model.js';
import { placeOf } from './addresses.js';
import type { Operation, Told, Violation } from './record.js';
import { shapeOf } from './replay.js';

/** Longer than any transaction takes from its beginning to its end, when nobody saw it end. */
const LONG = 10_000;
const TICK = 2;

/** A lease for as long as it may have been there, seen from outside. */
interface Stay {
  place: number;
  subnet: string;
  owner: string;
  from: number;
  to: number;
}

/** A state of a subnet for as long as it surely lasted. */
interface Era {
  subnet: string;
  pool: string;
  places: number[];
  from: number;
  to: number;
}

/**
 * Refusals that were lies: "exhausted" while enough was surely free all the time of the request; "quota exceeded" while
 * what its owner may have held at most, with what was asked for, was within every quota of that time. Then the rules of
 * quarantine and quota for what was granted.
 */
export class Truth {
  private readonly stays: Stay[];
  private readonly eras: Era[];
  private readonly quotas: { addresses: number; from: number; to: number }[];

  constructor(
    private readonly events: readonly Told[],
    private readonly operations: readonly Operation[],
    stories: ReadonlyMap<string, Story>,
  ) {
    const seen = endsSeen(operations);
    /** When a transaction had surely ended. */
    const over = ({ id, at, data }: Told): number => seen.get(id) ?? seen.get(data.reservation as string) ?? at + LONG;
    this.stays = events
      .filter(({ noun, verb }) => noun === 'lease' && verb === 'created')
      .map(({ id, owner, data, at }) => {
        const deleted = stories.get(id)?.deleted;
        const to = deleted === undefined ? Infinity : over(deleted) + QUARANTINE * 1000;
        return {
          place: placeOf(data.address as string),
          subnet: data.subnet as string,
          owner: owner ?? '',
          from: at - TICK,
          to,
        };
      });
    const shapes = events.filter(({ noun }) => noun === 'subnet');
    this.eras = shapes.flatMap((event, n) => {
      if (event.verb === 'deleted') return [];
      const next = shapes.slice(n + 1).find(({ id }) => id === event.id);
      const places = usable(shapeOf(event.data), 4);
      const from = event.at + LONG;
      return [
        {
          subnet: event.id,
          pool: event.data.pool as string,
          places,
          from: this.begin(event) ?? from,
          to: (next?.at ?? Infinity) - TICK,
        },
      ];
    });
    const quotas = events.filter(({ noun }) => noun === 'quota');
    this.quotas = quotas.map(({ at, data }, n) => ({
      ...{ addresses: data.addresses as number, from: at - TICK },
      to: quotas[n + 1] === undefined ? Infinity : quotas[n + 1]!.at + LONG,
    }));
  }

  /** When the answer to a change of a subnet came: from then on it was so. */
  private begin(event: Told): number | undefined {
    if (event.verb === 'created') return event.at + LONG / 10;
    return this.operations.find(
      ({ id, version, status }) => id === event.id && status === 200 && version === event.data.version,
    )?.to;
  }

  violations(): Violation[] {
    return [...this.lies(), ...this.hurried(), ...this.overdrawn()];
  }

  private *lies(): Generator<Violation> {
    for (const { id, code, claim, from, to } of this.operations) {
      if (claim === undefined) continue;
      const meets = (stay: Pick<Stay, 'from' | 'to'>): boolean => stay.from <= to && from <= stay.to;
      if (code === 'subnet-exhausted' || code === 'pool-exhausted') {
        const asked = claim.target;
        const eras = this.eras.filter((era) => era[asked.noun] === asked.id && era.from <= from && to <= era.to);
        for (const { subnet, places } of eras) {
          // others in place of given addresses are of the same subnet
          if (claim.addresses?.every((address) => places.includes(placeOf(address))) === false) continue;
          const taken = new Set(
            this.stays.filter((stay) => stay.subnet === subnet && meets(stay)).map(({ place }) => place),
          );
          const free = places.filter((place) => !taken.has(place));
          const fits = claim.align === undefined ? free.length >= claim.count : bestFit(free, claim.count, claim.align);
          if (fits === true || Array.isArray(fits)) {
            yield { rule: `${code} for ${claim.count}, while ${free.join()} of ${subnet} was free all the time`, id };
          }
        }
      }
      if (code === 'quota-exceeded') {
        const most = this.stays.filter((stay) => stay.owner === claim.owner && meets(stay)).length + claim.count;
        const limit = Math.min(...this.quotas.filter(meets).map(({ addresses }) => addresses));
        if (most <= limit) yield { rule: `quota-exceeded, with at most ${most} of at least ${limit}`, id };
      }
    }
  }

  /** A released address rests: nobody but its last owner has it before its time. */
  private *hurried(): Generator<Violation> {
    const resting = this.events.find(
      ({ noun, verb, data }) => noun === 'pool' && verb === 'created' && data.quarantine > 0,
    );
    const subnets = new Set(this.eras.filter(({ pool }) => pool === resting?.id).map(({ subnet }) => subnet));
    const last = new Map<number, Told>();
    const answers = new Map(this.operations.filter(({ kind }) => kind === 'reserve').map((one) => [one.id, one.to]));
    for (const event of this.events) {
      if (event.noun !== 'lease' || !subnets.has(event.data.subnet as string)) continue;
      const place = placeOf(event.data.address as string);
      const before = last.get(place);
      if (event.verb === 'deleted') last.set(place, event);
      else if (event.verb === 'created' && before !== undefined && before.owner !== event.owner) {
        const rested = (answers.get(event.data.reservation as string) ?? Infinity) - before.at;
        if (rested < QUARANTINE * 1000 - TICK)
          yield { rule: `${event.data.address} rested for ${rested} ms only`, id: event.id };
      }
    }
  }

  /** Nobody ever holds more than a quota of that time. */
  private *overdrawn(): Generator<Violation> {
    const asked = new Map(this.operations.filter(({ kind }) => kind === 'reserve').map((one) => [one.id, one]));
    const held = new Map<string, number>();
    for (const { noun, verb, id, owner, data } of this.events) {
      if (noun === 'lease' && verb === 'deleted') held.set(owner ?? '', (held.get(owner ?? '') ?? 0) - 1);
      if (noun !== 'reservation' || verb !== 'created') continue;
      const now = (held.get(owner ?? '') ?? 0) + (data.leases as unknown[]).length;
      held.set(owner ?? '', now);
      const { from = 0, to = Infinity } = asked.get(id) ?? {};
      const limits = this.quotas.filter((quota) => quota.from <= to && from <= quota.to);
      const limit = owner === 'cyd' ? Math.max(...limits.map(({ addresses }) => addresses)) : Infinity;
      if (now > limit) yield { rule: `${owner ?? ''} holds ${now}, the quota was at most ${limit}`, id };
    }
  }
}

/** For what ended: when somebody was told so. */
function endsSeen(operations: readonly Operation[]): Map<string, number> {
  const seen = new Map<string, number>();
  for (const { kind, id, status, to } of operations) {
    if ((kind === 'release' || kind === 'release lease') && status === 204) seen.set(id, to);
  }
  return seen;
}
