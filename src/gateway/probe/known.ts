import { TELL_AGAIN_SECONDS, type ObservedReachability, type ReachabilityState } from '../../contract/reachability.js';
import { judge, UNKNOWN, type Verdict } from './damping.js';
import type { Ping } from './pinger.js';
import type { PortAnswer } from './tcp.js';

/** What one look at an address found. */
export interface Look {
  readonly ping: Ping;
  readonly ports: readonly { readonly port: number; readonly answer: PortAnswer }[];
}

/** What is known of an address. Times in milliseconds since 1970. */
export interface Known {
  readonly verdict: Verdict;
  readonly since: number;
  readonly checkedAt: number;
  readonly seenAt: number | null;
  readonly look: Look;
  /** What was told, and when: only what differs is told before `TELL_AGAIN_SECONDS` are over. */
  readonly told: string;
  readonly toldAt: number;
}

/** True: it answered in some way. False: it did not. Undefined: nothing could be sent, so nothing is known. */
export function answers({ ping, ports }: Look): boolean | undefined {
  const all = [typeof ping === 'number' ? 'open' : ping, ...ports.map(({ answer }) => answer)];
  if (all.includes('open') || all.includes('closed')) return true;
  return all.includes('silent') ? false : undefined;
}

/** What is known after one more look. */
export function learn(before: Known | undefined, look: Look, now: number): Known {
  const answered = answers(look);
  const old = before?.verdict ?? UNKNOWN;
  const verdict = answered === undefined ? old : judge(old, answered);
  return {
    verdict,
    since: before === undefined || verdict.state !== old.state ? now : before.since,
    checkedAt: now,
    seenAt: answered === true ? now : (before?.seenAt ?? null),
    look,
    told: before?.told ?? '',
    toldAt: before?.toldAt ?? 0,
  };
}

/** What is to be told of an address now; undefined for nothing new. */
export function news(address: string, known: Known): { observed: ObservedReachability; known: Known } | undefined {
  const { verdict, look, checkedAt } = known;
  const told = factsOf(verdict.state, look);
  if (told === known.told && checkedAt - known.toldAt < TELL_AGAIN_SECONDS * 1_000) return undefined;
  return { observed: observedOf(address, known), known: { ...known, told, toldAt: checkedAt } };
}

/** Without the round-trip time, which is another at every look. */
const factsOf = (state: ReachabilityState, { ping, ports }: Look): string =>
  JSON.stringify([state, typeof ping === 'number', ports.map(({ port, answer }) => [port, answer])]);

function observedOf(address: string, { verdict, since, checkedAt, seenAt, look }: Known): ObservedReachability {
  const { ping, ports } = look;
  return {
    address,
    state: verdict.state,
    since: new Date(since).toISOString(),
    checkedAt: new Date(checkedAt).toISOString(),
    seenAt: seenAt === null ? null : new Date(seenAt).toISOString(),
    rttUs: typeof ping === 'number' ? Math.round(ping * 1_000) : null,
    ports: ports.flatMap(({ port, answer: state }) => (state === 'unsent' ? [] : [{ port, state }])),
  };
}
