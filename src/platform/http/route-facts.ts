import type { FastifyRequest } from 'fastify';
import type { RouteFacts } from './route.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** See routeFacts; null: the route is none of ours. */
    facts?: RouteFacts | null;
  }
  interface FastifyContextConfig {
    berth?: RouteFacts;
  }
}

/** Looked up once a request: Fastify makes a new object of the route's options each time. */
export function routeFacts(request: FastifyRequest): RouteFacts | undefined {
  if (request.facts === undefined) request.facts = request.routeOptions.config.berth ?? null;
  return request.facts ?? undefined;
}
