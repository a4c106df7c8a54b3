import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ANYBODY } from '../../platform/auth/principal.js';
import { pathMembers, type Operation, type PathMember } from '../../platform/http/operation.js';
import type { RouteFacts } from '../../platform/http/route.js';
import type { Idempotency } from '../resource/idempotency.js';
import type { Hooks } from './hooks.js';

/** Items of a bulk request that are asked about at once. */
const AT_ONCE = 64;

/**
 * Lets hooks be asked on every route that does what they are about: after authentication and all checks of the input, before
 * the handler and so before any transaction. Other routes are left as they are. Requests over NATS come this way too.
 *
 * To be called before the routes are added.
 */
export function installPreCommitHooks(fastify: FastifyInstance, hooks: Hooks, idempotency: Idempotency): void {
  const operations = new Set<Operation>();
  fastify.addHook('onRoute', (route) => {
    const facts = route.config?.berth;
    if (facts?.does === undefined) return;
    operations.add(facts.does);
    const asks = [facts.does, ...Object.values(facts.items ?? {})].some((operation) => hooks.policy(operation));
    if (!asks) return;
    const ask = asking(hooks, idempotency, facts, pathMembers(route.url, facts.does));
    route.preHandler = [...[route.preHandler ?? []].flat(), ask];
  });
  fastify.addHook('onReady', (done) => {
    try {
      hooks.check([...operations]);
      done();
    } catch (error) {
      done(error as Error);
    }
  });
}

function asking(hooks: Hooks, idempotency: Idempotency, { does, items = {} }: RouteFacts, members: PathMember[]) {
  return async (request: FastifyRequest): Promise<void> => {
    const { body, query, params, principal = ANYBODY } = request;
    const key = request.headers['idempotency-key'];
    // What was asked and answered before is not asked again: the answer is given once more, and nothing is done.
    if (typeof key === 'string' && request.method === 'POST' && (await idempotency.answered(principal.name, key)))
      return;
    const path = Object.fromEntries(
      members.map(({ parameter, member }) => [member, (params as Record<string, string>)[parameter]]),
    );
    const isObject = typeof body === 'object' && body !== null && !('pipe' in body);
    if (does !== undefined) {
      await hooks.ask(does, principal, { ...(isObject ? body : {}), ...(query as object), ...path });
    }
    for (const [list, operation] of Object.entries(items)) {
      if (hooks.policy(operation) === undefined || !isObject) continue;
      const some = (body as Record<string, object[] | undefined>)[list] ?? [];
      for (let first = 0; first < some.length; first += AT_ONCE) {
        const turn = some.slice(first, first + AT_ONCE);
        await Promise.all(
          turn.map((item, n) => hooks.ask(operation, principal, { ...item, ...path }, `${list}.${first + n}`)),
        );
      }
    }
  };
}
