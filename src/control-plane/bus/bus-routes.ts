import type { FastifyInstance } from 'fastify';
import { pathMembers, type PathMember } from '../../platform/http/operation.js';
import { inputMembers } from '../../platform/http/input.js';
import { invalidField, Problem } from '../../platform/problem/problem.js';

/** A route as requests over NATS see it. */
export interface BusRoute {
  method: string;
  url: string;
  path: PathMember[];
  /** Whether what is not in its path goes into the body; into the query otherwise. */
  reads: boolean;
  /** Members of the query of a route that reads a body. */
  query: readonly string[];
}

/** Every route that says what it does, but for those that stream, by that. */
export class BusRoutes {
  private readonly routes = new Map<string, BusRoute[]>();

  /** To be called before the routes are added. */
  watch(fastify: FastifyInstance): void {
    fastify.addHook('onRoute', ({ url, method, config }) => {
      const facts = config?.berth;
      if (facts?.does === undefined || facts.streams !== undefined || typeof method !== 'string') return;
      const known = this.routes.get(facts.does) ?? [];
      // PUT, where there is PATCH, is the same change with less to say; HEAD says nothing that GET does not.
      if (method === 'HEAD' || (method === 'PUT' && known.some((route) => route.url === url))) return;
      const reads = facts.reads !== undefined;
      const query = reads && facts.query !== undefined ? inputMembers(facts.query) : [];
      known.push({ method, url, path: pathMembers(url, facts.does), reads, query });
      this.routes.set(facts.does, known);
    });
  }

  get operations(): string[] {
    return [...this.routes.keys()].sort();
  }

  /** Any route of an operation; the problem `no-route` when there is none. */
  any(operation: string): BusRoute {
    const [route] = this.routes.get(operation) ?? [];
    if (route !== undefined) return route;
    const known = this.operations.join(', ');
    throw new Problem(
      'no-route',
      `There is no operation ${JSON.stringify(operation.slice(0, 64))}; there are ${known}.`,
    );
  }

  /** The route whose path the members of a request fit: of several, the one with most in it. */
  find(operation: string, members: Readonly<Record<string, unknown>>): BusRoute {
    const any = this.any(operation);
    const routes = this.routes.get(operation) ?? [];
    const fitting = routes.filter(({ path }) => path.every(({ member }) => members[member] !== undefined));
    const most = Math.max(...fitting.map(({ path }) => path.length));
    const [found, other] = fitting.filter(({ path }) => path.length === most);
    if (found === undefined) {
      const [missing = any.path[0]] = any.path.filter(({ member }) => members[member] === undefined);
      const ways = [...new Set(routes.flatMap(({ path }) => path.map(({ member }) => member)))];
      throw invalidField(
        missing?.member ?? 'id',
        `must be there${ways.length > 1 ? `, or ${ways.slice(1).join(' or ')} instead` : ''}`,
      );
    }
    if (other !== undefined && most > 0) {
      throw invalidField(
        other.path[0]?.member ?? 'id',
        `cannot stand beside ${found.path[0]?.member ?? 'id'}: leave out one`,
      );
    }
    return found;
  }
}
