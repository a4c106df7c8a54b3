import type { Unit } from '../events/unit-of-work.js';
import {
  bySpace,
  Contended,
  grouped,
  type Claim,
  type CountNeed,
  type CountRequest,
  type Group,
  type Outcome,
  type PositionsNeed,
  type Resting,
  type Taken,
} from './need.js';
import { putBack, restingIn, takeBlock, takeCount, takeThese, type Found, type Reach } from './positions.js';

type Counted = Omit<CountRequest, 'count'> & { need: CountNeed };
type Take = (space: string, count: number) => Promise<Taken[]>;

/** Some claims, met together in one transaction. See `Allocation.claim` for what it promises. */
export class Round {
  private readonly outcomes: Outcome[];

  constructor(
    private readonly unit: Unit,
    private readonly claims: readonly Claim[],
    private readonly wait: boolean,
  ) {
    this.outcomes = claims.map((claim) => ({ granted: true, taken: claim.map(() => []) }));
  }

  async run(): Promise<Outcome[]> {
    const counted = await this.claimGiven();
    for (const [claim, needs] of this.claims.entries()) {
      for (const [index, need] of needs.entries()) if ('count' in need) counted.push({ claim, index, need });
    }
    for (const group of grouped(counted)) await this.claimGroup(group);
    return this.outcomes;
  }

  /** All needs for given positions, space by space. Answers with how many others are wanted in place of some of them. */
  private async claimGiven(): Promise<Counted[]> {
    const given = this.claims.flatMap((needs, claim) =>
      needs.flatMap((need, index) =>
        'positions' in need && need.positions.length > 0 ? [{ space: need.spaces[0], claim, index, need }] : [],
      ),
    );
    const others: Counted[] = [];
    for (const [space, requests] of bySpace(given)) {
      const found = await takeThese(
        this.unit,
        space,
        requests.map(({ need }) => need),
      );
      for (const { claim, index, need } of requests) {
        const outcome = this.outcomes[claim];
        if (outcome?.granted !== true) continue;
        const got = need.positions.flatMap((position) => mine(found.get(position), need) ?? []);
        const missing = need.positions.length - got.length;
        if (missing > 0 && need.orOthers !== true) {
          await this.refuse(claim, index, 'taken', restingOf(found, need));
          continue;
        }
        for (const { position } of got) found.delete(position); // who else of the round asks for it does not get it
        outcome.taken[index] = got.sort(ascending);
        if (missing > 0) {
          const { terms } = need;
          others.push({ claim, index, need: { spaces: [space], count: missing, ...(terms && { terms }) } });
        }
      }
      await putBack(this.unit, [...found.values()].filter(({ taken }) => taken).map(asTaken));
    }
    return others;
  }

  /** All needs for n positions of the same spaces: first of what is free, then of what has rested, then of what rests. */
  private async claimGroup({ spaces, terms, align, requests }: Group): Promise<void> {
    const { unit, wait } = this;
    const taking =
      (reach: Reach): Take =>
      (space, count) =>
        align === undefined
          ? takeCount(unit, space, count, terms?.policy, reach, wait)
          : takeBlock(unit, space, count, align, reach, wait);
    const serve = async (from: readonly string[], reach: Reach): Promise<void> => {
      const batches = align === undefined ? [open] : open.map((request) => [request]);
      const left: CountRequest[] = [];
      for (const batch of batches) left.push(...(await this.serve(batch, from, taking(reach))));
      open = left;
    };

    let open = requests.filter(({ claim }) => this.outcomes[claim]?.granted === true);
    await serve(spaces, 'free');
    if (open.length === 0) return;
    let resting: Resting | undefined;
    // Where the least recently released goes first, those are in line like what is free; elsewhere the sweeper frees
    // them, and we only look when it would be "exhausted" otherwise.
    if (terms !== undefined && (wait || terms.policy === 'least-recently-released')) {
      const rests = await restingIn(unit, spaces);
      resting = rests.resting;
      await serve(rests.spaces, 'due');
      if (wait && terms.reuseEarly) await serve(rests.spaces, 'early');
    }
    if (open.length > 0 && !wait) throw new Contended();
    for (const { claim, index } of open) await this.refuse(claim, index, 'exhausted', resting);
  }

  /**
   * Meets what it can of some requests, taken in one go for all and handed out in order; answers with those that stay
   * open. Each is met from one space; what is too much for the rest of one goes to the next request that fits.
   */
  private async serve(
    requests: readonly CountRequest[],
    spaces: readonly string[],
    take: Take,
  ): Promise<CountRequest[]> {
    let open = [...requests];
    for (const space of spaces) {
      if (open.length === 0) break;
      const taken = await take(
        space,
        open.reduce((sum, { count }) => sum + count, 0),
      );
      const left: CountRequest[] = [];
      for (const request of open) {
        if (request.count > taken.length) left.push(request);
        else this.grant(request, taken.splice(0, request.count));
      }
      open = left;
      await putBack(this.unit, taken);
    }
    return open;
  }

  private grant({ claim, index }: CountRequest, taken: Taken[]): void {
    const outcome = this.outcomes[claim];
    if (outcome?.granted !== true) return;
    const before = outcome.taken[index] ?? [];
    const all = before.length === 0 ? taken : [...before, ...taken];
    outcome.taken[index] = isAscending(all) ? all : all.sort(ascending);
  }

  /** Marks a claim as not granted and puts back what its other needs had got. */
  private async refuse(
    claim: number,
    need: number,
    reason: 'exhausted' | 'taken',
    resting: Resting | undefined,
  ): Promise<void> {
    const outcome = this.outcomes[claim];
    if (outcome?.granted === true) await putBack(this.unit, outcome.taken.flat());
    this.outcomes[claim] = { granted: false, need, reason, ...(resting && { resting }) };
  }
}

const asTaken = ({ space, position, rest }: Found): Taken => ({ space, position, ...(rest && { rest }) });

/** A position, if this need may have it: before the end of its rest it is its last owner's only. */
function mine(found: Found | undefined, { owner }: PositionsNeed): Taken | undefined {
  if (found?.taken !== true) return undefined;
  return found.due || found.rest?.owner === owner ? asTaken(found) : undefined;
}

/** The first position of a need that rests for somebody else. */
function restingOf(found: ReadonlyMap<bigint, Found>, need: PositionsNeed): Resting | undefined {
  for (const position of need.positions) {
    const one = found.get(position);
    if (one !== undefined && one.ends !== null && mine(one, need) === undefined) {
      return { count: 1, until: one.ends, position };
    }
  }
  return undefined;
}

const ascending = (a: Taken, b: Taken): number => (a.position < b.position ? -1 : Number(a.position > b.position));

/** Nearly always true, and cheaper to see than to sort. */
const isAscending = (taken: readonly Taken[]): boolean =>
  taken.every(({ position }, n) => n === 0 || position > (taken[n - 1]?.position ?? 0n));
