import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { ANYBODY, owns, type Principal } from '../../platform/auth/principal.js';
import { FromRequest } from '../../platform/http/from-request.js';
import type { BodyType } from '../../platform/http/media-type.js';
import { traceContext } from '../../platform/http/trace-context.js';
import { writeJson } from '../../platform/json/json-text.js';
import { invalidField, Problem } from '../../platform/problem/problem.js';

/** Who asks, and under which conditions. */
export interface Caller {
  principal: Principal;
  /** If-Match, as sent. */
  ifMatch?: string | undefined;
  /** If-None-Match, as sent; of reads the HTTP layer takes care. */
  ifNoneMatch?: string | undefined;
  /** How the body is to be read: metadata of a vendor type replaces, else it merges. */
  bodyType: BodyType;
  /** Idempotency-Key and the fingerprint of what was asked with it. */
  idempotency?: { key: string; fingerprint: string } | undefined;
  /** Trace context (W3C) that the request came with, if it had a good one. */
  traceparent?: string | undefined;
}

const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;

/** The caller of the current request. */
export const FromCaller = (): ParameterDecorator => FromRequest(callerOf);

function callerOf(request: FastifyRequest): Caller {
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch, 'idempotency-key': key, traceparent } = request.headers;
  return {
    principal: request.principal ?? ANYBODY,
    bodyType: request.bodyType ?? 'json',
    ifMatch,
    ifNoneMatch,
    idempotency: key === undefined || request.method !== 'POST' ? undefined : idempotency(String(key), request),
    traceparent: traceContext(traceparent),
  };
}

function idempotency(key: string, request: FastifyRequest): { key: string; fingerprint: string } {
  if (!IDEMPOTENCY_KEY.test(key)) {
    throw new Problem(
      'malformed-request',
      'Idempotency-Key must be 1 to 255 printable ASCII characters without spaces.',
    );
  }
  const fingerprint = createHash('sha256')
    .update(`${request.url}\n${writeJson(request.body)}`)
    .digest('hex');
  return { key, fingerprint };
}

/** The owner of a new thing: the one asked for, if the caller may act for it; by default the caller. */
export function newOwner({ principal }: Caller, asked: string | null | undefined): string {
  const owner = asked ?? principal.name;
  if (owner === '') throw invalidField('owner', 'must not be empty');
  if (!owns(principal, owner)) {
    throw new Problem('forbidden', `${principal.name} may not act for ${JSON.stringify(owner)}.`);
  }
  return owner;
}

/** Throws unless the caller may change what belongs to this owner. */
export function requireOwner({ principal }: Caller, owner: string): void {
  if (!owns(principal, owner)) throw new Problem('forbidden', 'This belongs to another owner.');
}
