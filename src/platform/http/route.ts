import 'reflect-metadata';
import { applyDecorators, HttpCode } from '@nestjs/common';
import { ApiBearerAuth, ApiConsumes, ApiProduces, ApiResponse } from '@nestjs/swagger';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { Role } from '../auth/principal.js';
import { PROBLEM_CODES, type ProblemCode } from '../problem/problem.js';
import { ProblemDocument } from '../problem/problem.dto.js';
import { vendorMediaType, type VendorType } from './media-type.js';

/** What the HTTP layer must know of a route before its handler runs. */
export interface RouteFacts {
  /** Roles that may call it; admin always may. `anyone` needs no token. */
  access: readonly Role[] | 'anyone';
  /** Vendor type of the body that it reads, `json` for routes without one; absent = reads no body, whatever is sent. */
  reads?: VendorType | 'json';
  /** Has query parameters; absent = any is refused. `Route` finds out by itself. */
  query?: boolean;
  /** Waits for something to happen (long poll, event stream): cut when the server stops. */
  waits?: boolean;
  /** Vendor type of what it answers with; absent = application/json. */
  answers?: VendorType;
  /** Status of the good answer. Default 200. */
  status?: 200 | 201 | 204;
  /** The problems that this route answers with, beyond those that every route has. */
  problems?: readonly ProblemCode[];
}

const EVERYWHERE: readonly ProblemCode[] = ['internal', 'unavailable'];
const WITH_BODY: readonly ProblemCode[] = [
  'malformed-body',
  'body-too-large',
  'unsupported-media-type',
  'invalid-field',
];

/** Declares a route's facts once: for the HTTP layer and for the OpenAPI document alike. */
export function Route(facts: RouteFacts): MethodDecorator {
  const problems = new Set<ProblemCode>([
    ...EVERYWHERE,
    ...(facts.access === 'anyone' ? [] : (['unauthenticated', 'forbidden'] as const)),
    ...(facts.reads === undefined ? [] : WITH_BODY),
    ...(facts.problems ?? []),
  ]);
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of problems) byStatus.set(PROBLEM_CODES[code], [...(byStatus.get(PROBLEM_CODES[code]) ?? []), code]);
  const responses = [...byStatus].map(([status, codes]) =>
    ApiResponse({
      status,
      description: codes.join(', '),
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/ProblemDocument' } } },
    }),
  );
  const consumes = facts.reads === undefined ? [] : ['application/json'];
  if (facts.reads !== undefined && facts.reads !== 'json') consumes.push(vendorMediaType(facts.reads));
  const config: MethodDecorator = (target, key, descriptor) => {
    RouteConfig({ berth: { ...facts, query: hasQuery(target, key) } })(target, key, descriptor);
  };
  return applyDecorators(
    config,
    HttpCode(facts.status ?? 200),
    ...(facts.access === 'anyone' ? [] : [ApiBearerAuth()]),
    ...(consumes.length === 0 ? [] : [ApiConsumes(...consumes)]),
    ...(facts.status === 204
      ? []
      : [ApiProduces('application/json', ...(facts.answers === undefined ? [] : [vendorMediaType(facts.answers)]))]),
    ...responses,
  );
}

/** Nest's note of a handler's parameters, and the number it has for `@Query()` there; parameters are noted first. */
const PARAMETERS = '__routeArguments__';
const QUERY = 4;

function hasQuery(target: object, key: string | symbol): boolean {
  const parameters = (Reflect.getMetadata(PARAMETERS, target.constructor, key) ?? {}) as object;
  return Object.keys(parameters).some((parameter) => parameter.startsWith(`${QUERY}:`));
}

/** Named here so that the document has the schema that every `Route` refers to. */
export const PROBLEM_SCHEMA = ProblemDocument;
