import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Authenticator } from '../auth/authenticator.js';
import type { Principal } from '../auth/principal.js';
import { parseBody } from '../json/json-text.js';
import { invalidField, Problem } from '../problem/problem.js';
import { rawProblem, problemBody } from '../problem/problem-body.js';
import { AnsweringAdapter } from './answer.js';
import { checkedInput } from './input.js';
import { bodyType, type BodyType } from './media-type.js';
import type { RateLimiter } from './rate-limiter.js';
import { acceptStream, installStreams, isStreaming } from './streamed-body.js';
import type { RouteFacts } from './route.js';
import { routeFacts } from './route-facts.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before the body is read; absent only on routes for anyone. */
    principal?: Principal;
    /** How the Content-Type said to read the body. */
    bodyType?: BodyType;
  }
  interface FastifyInstance {
    /** Nothing new is accepted any more: answers ask clients to close their connections. */
    stopping: boolean;
  }
}

const WRITES = new Set(['POST', 'PUT', 'PATCH']);
const HEADER_LIMIT = 32 * 1024;
/** How long requests in progress may take once the server stops. */
export const DRAIN_MS = 10_000;

/** What every listener allows its clients. */
export const SERVER_LIMITS = { maxHeaderSize: HEADER_LIMIT, requestTimeout: 60_000, keepAliveTimeout: 65_000 };

export interface HttpLimits {
  /** Bytes. */
  bodyLimit: number;
}

/** A request that is not HTTP never reaches a route; it is answered here, as a problem too. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && isStreaming(socket)) return;
  if (socket.destroyed || !socket.writable) return;
  const problem =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? new Problem('headers-too-large', `The headers are larger than ${HEADER_LIMIT} bytes.`)
      : new Problem('malformed-request', 'This is not an HTTP/1.1 request that Berth can read.');
  socket.end(rawProblem(problem));
}

/** The Fastify adapter as Berth needs it. Routes come later, from Nest. */
export function createAdapter({ bodyLimit }: HttpLimits): AnsweringAdapter {
  return new AnsweringAdapter({
    bodyLimit,
    http: { maxHeaderSize: SERVER_LIMITS.maxHeaderSize },
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 300 },
    requestTimeout: SERVER_LIMITS.requestTimeout,
    keepAliveTimeout: SERVER_LIMITS.keepAliveTimeout,
    // see installDraining
    forceCloseConnections: false,
    clientErrorHandler: answerClientError,
    frameworkErrors(error: FastifyError, _request: FastifyRequest, reply: FastifyReply) {
      const problem =
        error.code === 'FST_ERR_MAX_PARAM_LENGTH'
          ? new Problem('not-found', 'Nothing has an id or a name as long as this.')
          : new Problem('malformed-request', 'The path of the URL is not properly encoded.');
      void reply
        .status(problem.status)
        .header('content-type', 'application/problem+json')
        .send(problemBody(problem).bytes);
    },
  });
}

/**
 * What happens to every request before its handler, in this order: who is it, do they ask too often and may they (so that
 * nobody without a token can make us read a body), is the media type one that the route reads, is the body one JSON object, are its
 * fields and the query's what their classes allow.
 */
export function installHooks(fastify: FastifyInstance, authenticator: Authenticator, limiter: RateLimiter): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    const refuse = (error: unknown): void => done(refusal(error, () => limiter.stranger(request, reply)));
    try {
      const facts = routeFacts(request);
      if (facts === undefined) {
        done();
        return;
      }
      if (facts.query === undefined) refuseQuery(request);
      if (facts.streams === undefined && (facts.reads === undefined || !WRITES.has(request.method))) {
        // Clients send odd Content-Types on GET and stale bodies on DELETE: neither is ever looked at.
        delete request.raw.headers['content-type'];
      }
      if (facts.access === 'anyone') {
        done();
        return;
      }
      // A hook with a callback, since most requests need not wait for anything here.
      // A plain listener knows its principal before.
      const named = request.principal === undefined;
      const principal = request.principal ?? authenticator.authenticate(request.headers.authorization);
      if (principal instanceof Promise) {
        principal
          .then((checked) => {
            if (facts.unlimited !== true) limiter.admit(request, reply, checked, named);
            admit(request, facts, checked);
            done();
          })
          .catch(refuse);
        return;
      }
      if (facts.unlimited !== true) limiter.admit(request, reply, principal, named);
      admit(request, facts, principal);
      done();
    } catch (error) {
      refuse(error);
    }
  });

  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body, done) => {
    try {
      done(null, readBody(request, body as Buffer));
    } catch (error) {
      done(error as Error);
    }
  });
  installStreams(fastify);
  fastify.addHook('preValidation', (request, _reply, done) => {
    try {
      checkInput(request);
      done();
    } catch (error) {
      done(error as Error);
    }
  });
}

function checkInput(request: FastifyRequest): void {
  const { reads, body, query } = routeFacts(request) ?? {};
  if (query !== undefined) request.query = checkedInput(request.query, query, false);
  if (reads === undefined || !WRITES.has(request.method)) return;
  // Fastify calls no parser when there is no body at all.
  request.body ??= readBody(request, Buffer.alloc(0));
  if (body !== undefined) request.body = checkedInput(request.body, body, request.bodyType === 'vendor');
}

/** Those without a good token are counted too: who goes on trying tokens hears of the limit instead. */
function refusal(error: unknown, count: () => void): Error {
  if (!(error instanceof Problem) || error.code !== 'unauthenticated') return error as Error;
  try {
    count();
    return error;
  } catch (limited) {
    return limited as Error;
  }
}

function admit(request: FastifyRequest, { access, streams }: RouteFacts, principal: Principal): void {
  if (principal.role !== 'admin' && !access.includes(principal.role)) {
    throw new Problem('forbidden', `The role ${principal.role} may not do this.`);
  }
  request.principal = principal;
  if (streams !== undefined) acceptStream(request, streams);
}

/** A path without query parameters of its own takes none: one that is mistyped must not be passed over. */
function refuseQuery(request: FastifyRequest): void {
  const [name] = Object.keys(request.query as object);
  if (name !== undefined) throw invalidField(name, 'is not a query parameter of this path');
}

/**
 * A stop in good order: nothing new is accepted, requests in progress are finished, and those that only wait for
 * something to happen (long polls, event streams) are cut: their clients come back, to another process.
 */
export function installDraining(fastify: FastifyInstance): void {
  const waiting = new Set<Socket>();
  fastify.decorate('stopping', false);
  fastify.addHook('onRequest', (request, reply, done) => {
    if (routeFacts(request)?.waits === true) {
      const { socket } = request.raw;
      waiting.add(socket);
      reply.raw.once('close', () => waiting.delete(socket));
    }
    done();
  });
  fastify.addHook('onSend', (_request, reply, payload, done) => {
    if (fastify.stopping) reply.header('connection', 'close');
    done(null, payload);
  });
  fastify.addHook('preClose', (done) => {
    fastify.stopping = true;
    for (const socket of waiting) socket.destroy();
    setTimeout(() => fastify.server.closeAllConnections(), DRAIN_MS).unref();
    done();
  });
}

/** Without `stream` it has no state between two bodies. */
const UTF_8 = new TextDecoder('utf-8', { fatal: true });

function readBody(request: FastifyRequest, body: Buffer): unknown {
  const facts = routeFacts(request);
  if (facts?.reads === undefined || !WRITES.has(request.method)) return undefined;
  const vendor = facts.reads === 'json' ? undefined : facts.reads;
  const type = bodyType(request.headers['content-type'], vendor, request.method);
  if (type === undefined) {
    const known = vendor === undefined ? '' : ` or application/vnd.ipam.${vendor}+json; version=1.0.0`;
    throw new Problem('unsupported-media-type', `Send the body as application/json${known}.`);
  }
  request.bodyType = type;
  let value: unknown;
  try {
    value = parseBody(UTF_8.decode(body));
  } catch (error) {
    const reason = error instanceof SyntaxError ? error.message.slice(0, 200) : 'it is not UTF-8 text';
    throw new Problem('malformed-body', body.length === 0 ? 'The body is empty.' : `The body is not JSON: ${reason}.`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Problem('malformed-body', 'The body must be one JSON object.');
  }
  return value;
}
