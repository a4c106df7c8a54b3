import type { Duplex, Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Problem } from '../problem/problem.js';
import { mediaTypeName } from './media-type.js';

/** Stands in for the Content-Type of a body that goes to its handler as it is. No client can send it to another route. */
const STREAM = 'application/x-berth-stream';

const types = new WeakMap<FastifyRequest, string>();
const streaming = new WeakSet<Duplex>();

/**
 * Lets the body of a request through to its handler, when it is of one of these types; 415 otherwise. Its connection is
 * no more cut when the request takes longer than others may: whoever reads the stream watches over it.
 */
export function acceptStream(request: FastifyRequest, allowed: readonly string[]): void {
  const type = mediaTypeName(request.headers['content-type']);
  if (type === undefined || !allowed.includes(type)) {
    throw new Problem('unsupported-media-type', `Send the body as one of ${allowed.join(', ')}.`);
  }
  types.set(request, type);
  request.raw.headers['content-type'] = STREAM;
  const { socket } = request.raw;
  streaming.add(socket);
  request.raw.once('close', () => streaming.delete(socket));
}

/** The media type that the client sent, of a request that streams. */
export const streamedType = (request: FastifyRequest): string => types.get(request) ?? '';

export const isStreaming = (socket: Duplex): boolean => streaming.has(socket);

export function installStreams(fastify: FastifyInstance): void {
  fastify.addContentTypeParser(STREAM, (request: FastifyRequest, body: Readable, done) => {
    if (types.has(request)) done(null, body);
    else done(new Problem('unsupported-media-type', 'Send the body as application/json.'));
  });
}
