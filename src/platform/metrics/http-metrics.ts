import type { FastifyInstance } from 'fastify';
import type { Metrics } from './metrics.js';

/** Counts every answer by the template of its route; a path that is none of ours is `unknown`, so that labels stay few. */
export function installHttpMetrics(fastify: FastifyInstance, metrics: Metrics): void {
  fastify.addHook('onResponse', (request, reply, done) => {
    const { method } = request;
    const route = request.is404 ? 'unknown' : (request.routeOptions.url ?? 'unknown');
    metrics.httpRequests.add({ method, route, status: String(reply.statusCode) });
    metrics.httpDurations.observe({ method, route }, reply.elapsedTime / 1_000);
    done();
  });
}
