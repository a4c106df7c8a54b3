/** One request of one client, from its sending to its answer. Times are milliseconds since 1970. */
export interface Operation {
  kind:
    | 'reserve'
    | 'preview'
    | 'change'
    | 'renew'
    | 'release'
    | 'release lease'
    | 'reshape'
    | 'make subnet'
    | 'delete'
    | 'quota';
  client: number;
  /** The resource concerned; of a reservation to be made the id that its client chose. */
  id: string;
  from: number;
  /** Infinity when no answer came: whether it was done is not known. */
  to: number;
  /** Undefined when no answer came, or one that leaves it open (503). */
  status: number | undefined;
  code?: string | undefined;
  version?: number | undefined;
  ifMatch?: number | undefined;
  claim?: Claim;
}

/** What a reservation asked for. */
export interface Claim {
  target: { noun: 'pool' | 'subnet'; id: string };
  owner: string;
  count: number;
  addresses?: string[];
  orOthers?: boolean;
  align?: number;
  /** What was granted. */
  granted?: string[];
}

/** An event as it was told, in order. */
export interface Told {
  /** The transaction that told it. */
  batch: number;
  noun: string;
  verb: string;
  id: string;
  owner: string | null;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- documents of every noun
  data: any;
  /** When its transaction began. */
  at: number;
}

/** Something that must never be. */
export interface Violation {
  rule: string;
  id: string;
}

/** A generator of numbers from a seed (mulberry32): below `n`, whole. */
export function generator(seed: number): (n: number) => number {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * n);
  };
}
