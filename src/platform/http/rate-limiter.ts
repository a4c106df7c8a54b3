import type { FastifyReply, FastifyRequest } from 'fastify';
import { ANYBODY, type Principal } from '../auth/principal.js';
import { Problem } from '../problem/problem.js';
import { addressKey, policyHeader, rateHeader, TokenBuckets, type RateLimit } from './rate-limit.js';

/**
 * Keeps a client that runs wild from taking this process for itself. It counts in the process only: with several behind a
 * balancer each allows the rate. Requests pay once, at their start, however long they wait afterwards.
 */
export class RateLimiter {
  private readonly principals: TokenBuckets;
  private readonly addresses: TokenBuckets;
  private readonly policy: string;

  constructor(private readonly limit: RateLimit) {
    this.principals = new TokenBuckets(limit);
    this.addresses = new TokenBuckets(limit);
    this.policy = policyHeader(limit);
  }

  /** Throws `rate-limited` when a principal has asked too often; who has no name of his own pays by address. */
  admit(request: FastifyRequest, response: FastifyReply, principal: Principal, named: boolean): void {
    if (this.limit.rate === 0) return;
    if (!named || principal === ANYBODY) this.stranger(request, response);
    else this.charge(response, this.principals.take(principal.name, performance.now()));
  }

  /** The same for a request that shows no good token: all of an address share one bucket. */
  stranger(request: FastifyRequest, response: FastifyReply): void {
    if (this.limit.rate === 0) return;
    this.charge(response, this.addresses.take(addressKey(request.ip), performance.now()));
  }

  /** The headers come only once half of the burst is used up: most answers are spared them. */
  private charge(response: FastifyReply, left: number): void {
    if (left >= this.limit.burst / 2) return;
    response.header('ratelimit-policy', this.policy).header('ratelimit', rateHeader(this.limit, left));
    if (left >= 0) return;
    const seconds = Math.max(1, Math.ceil(-left));
    throw new Problem('rate-limited', `Too many requests. The next one is possible in ${seconds} s.`, {
      headers: { 'retry-after': String(seconds) },
    });
  }
}
