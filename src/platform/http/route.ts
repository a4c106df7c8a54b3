import { applyDecorators, HttpCode, type Type } from '@nestjs/common';
import { ApiBearerAuth, ApiConsumes, ApiHeader, ApiProduces, ApiResponse } from '@nestjs/swagger';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { Role } from '../auth/principal.js';
import { problemSchema } from '../openapi/problem-schema.js';
import { PROBLEM_CODES, type ProblemCode } from '../problem/problem.js';
import { ProblemDocument } from '../problem/problem.dto.js';
import { handlerParameters, type HandlerParameters } from './parameters.js';
import { vendorMediaType, type VendorType } from './media-type.js';
import { isChange, type Operation } from './operation.js';

/** What the HTTP layer must know of a route before its handler runs. */
export interface RouteFacts extends HandlerParameters {
  /** Roles that may call it; admin always may. `anyone` needs no token. */
  access: readonly Role[] | 'anyone';
  /** Vendor type of the body that it reads, `json` for routes without one; absent = reads no body, whatever is sent. */
  reads?: VendorType | 'json';
  /** Media types of a body that its handler reads itself, as a stream: no parser looks at it, and BODY_LIMIT does not count. */
  streams?: readonly string[];
  /** What it does, for pre-commit hooks and the bus, which know it by this name; absent = they do not know it. */
  does?: Operation;
  /** Lists in its body, each item of which is an operation of its own to pre-commit hooks. */
  items?: Readonly<Record<string, Operation>>;
  /** The handler; it and the classes of body and query are what `Route` finds out by itself. Without a query's, any is refused. */
  handler?: { controller: Type<object>; name: string | symbol };
  /** Waits for something to happen (long poll, event stream): cut when the server stops. */
  waits?: boolean;
  /** Does not count against the rate limit: who watches us must not be told to come back later. */
  unlimited?: boolean;
  /** Vendor type of what it answers with; absent = application/json. */
  answers?: VendorType;
  /** Answers with one resource and its version as ETag: 304 when If-None-Match names it. */
  versioned?: boolean;
  /** Status of the good answer. Default 200. */
  status?: 200 | 201 | 204;
  /** The problems that this route answers with, beyond those that every route has. */
  problems?: readonly ProblemCode[];
}

/** A bad encoding of the path, headers or a body (read or not) too long, and a query parameter that there is not can come of any request. */
const EVERYWHERE: readonly ProblemCode[] = [
  'malformed-request',
  'invalid-field',
  'headers-too-large',
  'body-too-large',
  'internal',
  'unavailable',
];
const WITH_BODY: readonly ProblemCode[] = [
  'malformed-body',
  'body-too-large',
  'unsupported-media-type',
  'invalid-field',
];

/** The headers that a route reads, beyond those of every route; writes tell theirs by the problems that come of them. */
function headersOf({ versioned = false, problems = [] }: RouteFacts): MethodDecorator[] {
  const header = (name: string, description: string): MethodDecorator =>
    ApiHeader({ name, description, required: false, schema: { type: 'string' } });
  if (versioned) {
    return [
      header('If-None-Match', 'ETags that you have, or `*`: 304 without a body when the version is one of them.'),
      ApiResponse({ status: 304, description: 'If-None-Match names the version.' }),
    ];
  }
  const headers: MethodDecorator[] = [];
  if (problems.includes('precondition-failed')) {
    headers.push(
      header('If-Match', 'ETags that it may have, or `*`: 412 when the version is none of them.'),
      header('If-None-Match', 'ETags that it must not have; `*`: 412 when it is there at all.'),
    );
  }
  if (problems.includes('idempotency-key-reused')) {
    headers.push(
      header(
        'Idempotency-Key',
        'Your own name for this request: sent again within a day, it has the same answer again.',
      ),
    );
  }
  return headers;
}

/** Declares a route's facts once: for the HTTP layer and for the OpenAPI document alike. */
export function Route(facts: RouteFacts): MethodDecorator {
  const problems = new Set<ProblemCode>([
    ...EVERYWHERE,
    ...(facts.access === 'anyone' ? [] : (['unauthenticated', 'forbidden'] as const)),
    ...(facts.access === 'anyone' || facts.unlimited === true ? [] : (['rate-limited'] as const)),
    ...(facts.reads === undefined ? [] : WITH_BODY),
    ...(facts.streams === undefined ? [] : (['body-too-large', 'unsupported-media-type'] as const)),
    ...(facts.does === undefined || !isChange(facts.does) ? [] : (['hook-refused'] as const)),
    ...(facts.problems ?? []),
  ]);
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of problems) byStatus.set(PROBLEM_CODES[code], [...(byStatus.get(PROBLEM_CODES[code]) ?? []), code]);
  const responses = [...byStatus].map(([status, codes]) =>
    ApiResponse({
      status,
      description: codes.join(', '),
      content: { 'application/problem+json': { schema: problemSchema(codes) } },
    }),
  );
  const consumes = facts.reads === undefined ? [...(facts.streams ?? [])] : ['application/json'];
  if (facts.reads !== undefined && facts.reads !== 'json') consumes.push(vendorMediaType(facts.reads));
  const config: MethodDecorator = (target, key, descriptor) => {
    const handler = { controller: target.constructor as Type<object>, name: key };
    RouteConfig({ berth: { ...facts, ...handlerParameters(target, key), handler } })(target, key, descriptor);
  };
  return applyDecorators(
    config,
    HttpCode(facts.status ?? 200),
    ...(facts.access === 'anyone' ? [] : [ApiBearerAuth()]),
    ...(consumes.length === 0 ? [] : [ApiConsumes(...consumes)]),
    ...(facts.status === 204
      ? []
      : [ApiProduces('application/json', ...(facts.answers === undefined ? [] : [vendorMediaType(facts.answers)]))]),
    ...headersOf(facts),
    ...responses,
  );
}

/** Named here so that the document has the schema that every `Route` refers to. */
export const PROBLEM_SCHEMA = ProblemDocument;
