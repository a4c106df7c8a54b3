/** How a pool gives positions. */
export const POLICIES = ['first', 'random', 'least-recently-released'] as const;
export type Policy = (typeof POLICIES)[number];

/** What the owner of a space wants of those who take of it; a gateway's ports have none of it. */
export interface Terms {
  policy: Policy;
  /** Resting positions may be given before their time when nothing else is left. */
  reuseEarly: boolean;
}

/** n positions of any one of the spaces. */
export interface CountNeed {
  spaces: readonly string[];
  count: number;
  terms?: Terms;
  /** All in a row, the first of them a multiple of this. */
  align?: number;
}

/** Exactly these positions of a space. */
export interface PositionsNeed {
  spaces: readonly [string];
  positions: readonly bigint[];
  terms?: Terms;
  /** Who asks: what rests goes back to the one who released it. */
  owner?: string;
  /** Those that cannot be had are made up for by others of the space. */
  orOthers?: boolean;
}

/** What a claim needs of one kind of space. */
export type Need = CountNeed | PositionsNeed;

/** How many positions a need asks for. */
export const sizeOf = (need: Need): number => ('positions' in need ? need.positions.length : need.count);

/** All needs of a claim are met, or none. */
export type Claim = readonly Need[];

/** The rest of a released position; times as PostgreSQL writes them, to the microsecond. */
export interface Rest {
  owner: string;
  releasedAt: string;
  until: string;
}

export interface Taken {
  space: string;
  position: bigint;
  /** It rested: given back, it goes on resting. */
  rest?: Rest;
}

/** What was released, and for how long it shall rest. */
export interface Released {
  space: string;
  position: bigint;
  /** Seconds, and who may have it back meanwhile. Absent: free at once. 0 seconds: free, but it takes its turn. */
  rest?: { owner: string; seconds: number };
}

/** What a pool wants for its released addresses. */
export interface Quarantine {
  policy: Policy;
  /** Seconds. */
  quarantine: number;
}

/** The rest that a position gets at its release; none when it is free at once. */
export function restAfter({ policy, quarantine }: Quarantine, owner: string): Pick<Released, 'rest'> {
  const rests = quarantine > 0 || policy === 'least-recently-released';
  return rests ? { rest: { owner, seconds: quarantine } } : {};
}

/** Why something is not free yet. */
export interface Resting {
  /** How many positions rest; 1000 stands for that or more. */
  count: number;
  /** When the first of them may be had. */
  until: Date;
  /** The one asked for. */
  position?: bigint;
}

export type Outcome =
  | { granted: true; taken: Taken[][] }
  /** Which need could not be met, and why: a given position is held (or does not exist), or too few are left. */
  | { granted: false; need: number; reason: 'exhausted' | 'taken'; resting?: Resting };

/** Thrown inside a transaction when too little was free at once: run it again, waiting for others' locks. */
export class Contended extends Error {}

/** One need for n positions: of which claim, which of its needs, how many. */
export interface CountRequest {
  claim: number;
  index: number;
  count: number;
}

/** Requests for n positions of the same spaces. */
export interface Group {
  spaces: readonly string[];
  terms: Terms | undefined;
  align: number | undefined;
  requests: CountRequest[];
}

/** Space ids are bigints as text. */
export function compareSpaces(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

/**
 * Needs for n positions by their spaces, in the order in which they are met: blocks first, which fit into fewer places,
 * and no later need of a claim before an earlier one.
 */
export function grouped(needs: readonly { claim: number; index: number; need: CountNeed }[]): Group[] {
  const groups = new Map<string, Group>();
  for (const { claim, index, need } of needs) {
    if (need.count === 0) continue;
    const spaces = [...need.spaces].sort(compareSpaces);
    const key = [index, need.align ?? '', ...spaces].join();
    const group = groups.get(key) ?? { spaces, terms: need.terms, align: need.align, requests: [] };
    group.requests.push({ claim, index, count: need.count });
    groups.set(key, group);
  }
  const indexOf = ({ requests }: Group): number => requests[0]?.index ?? 0;
  const turn = ({ align }: Group): number => Number(align === undefined);
  return [...groups.values()].sort(
    (a, b) => turn(a) - turn(b) || indexOf(a) - indexOf(b) || compareSpaces(a.spaces[0] ?? '', b.spaces[0] ?? ''),
  );
}

/** Positions, or what else has a space, by space, in the order of the spaces. */
export function bySpace<T extends { space: string }>(items: readonly T[]): [space: string, items: T[]][] {
  const map = new Map<string, T[]>();
  for (const item of items) {
    const list = map.get(item.space);
    if (list === undefined) map.set(item.space, [item]);
    else list.push(item);
  }
  return [...map].sort(([a], [b]) => compareSpaces(a, b));
}
