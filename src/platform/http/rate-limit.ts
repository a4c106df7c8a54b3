import { isIPv6 } from 'node:net';

/** How often somebody may ask. */
export interface RateLimit {
  /** Requests a second, in the long run. 0: no limit. */
  rate: number;
  /** Requests at once, after a pause. */
  burst: number;
}

/** What is left to somebody; changed in place. */
interface Bucket {
  /** Requests that may be made at once; a fraction of one is on its way. */
  tokens: number;
  /** When that was so, in milliseconds of any clock that only goes forward. */
  at: number;
}

/** How many names a set of buckets remembers at most; about 1 MB. */
const MAX_BUCKETS = 10_000;

/**
 * Token buckets by name. A request looks up a name and does some sums: nothing is allocated, except for a name that is
 * new. Of bounded size, without a timer: there are two generations; when the younger is full the older is forgotten, and
 * who asks moves to the younger. Forgotten is only who did not ask while half of MAX_BUCKETS others did: he begins with a
 * full bucket, which those who have so many names to ask under have anyway.
 */
export class TokenBuckets {
  private young = new Map<string, Bucket>();
  private old = new Map<string, Bucket>();

  constructor(
    private readonly limit: RateLimit,
    private readonly capacity = MAX_BUCKETS,
  ) {}

  /**
   * Takes a token if there is one, and answers how many are left; a negative number is minus the seconds until there is
   * one. Who is refused pays nothing: asking again at once does not move that time.
   */
  take(name: string, now: number): number {
    const { rate, burst } = this.limit;
    const bucket = this.find(name, now);
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) * rate) / 1000);
    bucket.at = now;
    if (bucket.tokens < 1) return (bucket.tokens - 1) / rate;
    bucket.tokens -= 1;
    return bucket.tokens;
  }

  /** How many names are remembered. */
  get size(): number {
    return this.young.size + this.old.size;
  }

  private find(name: string, now: number): Bucket {
    const known = this.young.get(name);
    if (known !== undefined) return known;
    if (this.young.size >= this.capacity / 2) {
      this.old = this.young;
      this.young = new Map();
    }
    const bucket = this.old.get(name) ?? { tokens: this.limit.burst, at: now };
    this.old.delete(name);
    this.young.set(name, bucket);
    return bucket;
  }
}

/** Whose bucket an address without a token pays from: an IPv6 host has a /64 to choose addresses from. */
export function addressKey(address: string): string {
  if (!isIPv6(address) || address.startsWith('::ffff:')) return address;
  const [head = ''] = address.split('::');
  const groups = head.split(':').filter((group) => group !== '');
  while (groups.length < 4) groups.push('0');
  return groups.slice(0, 4).join(':');
}

/**
 * The headers RateLimit-Policy and RateLimit (Internet-Draft httpapi-ratelimit-headers, section 3 and 4): how many requests
 * at once (q) and in what time they come back (w); how many are left (r) and when all of them are back (t). Seconds.
 */
export function policyHeader({ rate, burst }: RateLimit): string {
  return `"default";q=${burst};w=${Math.max(1, Math.ceil(burst / rate))}`;
}

export function rateHeader({ rate, burst }: RateLimit, left: number): string {
  const tokens = Math.max(0, left);
  return `"default";r=${Math.floor(tokens)};t=${Math.ceil((burst - tokens) / rate)}`;
}
