import type { FastifyInstance } from 'fastify';
import { Problem } from '../problem/problem.js';

/** Remembers every route, to tell "no such path" (404) from "not with this method" (405 with Allow). */
export class KnownPaths {
  private readonly paths: { pattern: RegExp; methods: Set<string> }[] = [];
  private readonly byUrl = new Map<string, Set<string>>();

  /** To be called before the routes are added. */
  watch(fastify: FastifyInstance): void {
    fastify.addHook('onRoute', (route) => {
      let methods = this.byUrl.get(route.url);
      if (methods === undefined) {
        methods = new Set();
        this.byUrl.set(route.url, methods);
        const pattern = route.url
          .split('/')
          .map((part) =>
            part.startsWith(':') ? '[^/]+' : part === '*' ? '.*' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'),
          )
          .join('/');
        this.paths.push({ pattern: new RegExp(`^${pattern}/?$`), methods });
      }
      for (const method of [route.method].flat()) methods.add(method);
    });
  }

  /** The problem for a request that matched no route. */
  miss(method: string, url: string): Problem {
    const path = url.split('?')[0] ?? '';
    const allowed = new Set(
      this.paths.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => [...methods]),
    );
    if (allowed.size === 0 || allowed.has(method)) return new Problem('no-route', 'There is nothing at this path.');
    const allow = [...allowed].sort().join(', ');
    return new Problem('method-not-allowed', `${method} is not possible here; ${allow} is.`, { headers: { allow } });
  }
}
