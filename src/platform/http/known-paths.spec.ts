import { beforeAll, describe, expect, it } from '@jest/globals';
import fastify from 'fastify';
import { KnownPaths } from './known-paths.js';

describe('a request that no route matched', () => {
  const paths = new KnownPaths();

  beforeAll(() => {
    const app = fastify();
    paths.watch(app);
    app.get('/pools', () => '');
    app.post('/pools', () => '');
    app.delete('/pools/:id', () => '');
    app.get('/openapi.json', () => '');
  });

  it.each([
    ['PATCH', '/pools', 'GET, HEAD, POST'],
    ['PATCH', '/pools/?x=1', 'GET, HEAD, POST'],
    ['GET', '/pools/1', 'DELETE'],
    ['POST', '/openapi.json', 'GET, HEAD'],
  ])('%s %s: the method is wrong, and Allow names %s', (method, url, allow) => {
    const problem = paths.miss(method, url);
    expect([problem.code, problem.extra.headers?.['allow']]).toEqual(['method-not-allowed', allow]);
  });

  it.each(['/', '/pool', '/pools/1/2', '/openapiXjson', '/POOLS'])('GET %s: there is nothing', (url) => {
    expect(paths.miss('GET', url).code).toBe('no-route');
  });
});
