import type { FastifyInstance } from 'fastify';
import type { Distribution } from './instruments.js';
import type { Metrics } from './metrics.js';

interface Instruments {
  durations: Distribution;
  byStatus: Map<number, { value: number }>;
}

/** Counts every answer by the template of its route; a path that is none of ours is `unknown`, so that labels stay few. */
export function installHttpMetrics(fastify: FastifyInstance, metrics: Metrics): void {
  /** By method, then by route. */
  const known = new Map<string, Map<string, Instruments>>();

  const instrumentsOf = (method: string, route: string): Instruments => {
    let routes = known.get(method);
    if (routes === undefined) known.set(method, (routes = new Map<string, Instruments>()));
    let instruments = routes.get(route);
    if (instruments === undefined) {
      instruments = { durations: metrics.httpDurations.of({ method, route }), byStatus: new Map() };
      routes.set(route, instruments);
    }
    return instruments;
  };

  fastify.addHook('onResponse', (request, reply, done) => {
    const { method } = request;
    const route = request.is404 ? 'unknown' : (request.routeOptions.url ?? 'unknown');
    const { durations, byStatus } = instrumentsOf(method, route);
    const { statusCode } = reply;
    let count = byStatus.get(statusCode);
    if (count === undefined) {
      count = metrics.httpRequests.of({ method, route, status: String(statusCode) });
      byStatus.set(statusCode, count);
    }
    count.value++;
    durations.observe(reply.elapsedTime / 1_000);
    done();
  });
}
