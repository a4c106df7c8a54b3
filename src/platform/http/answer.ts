import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { JsonText, writeJson } from '../json/json-text.js';
import { etagOf, ifNoneMatchNames } from './entity-tags.js';
import { prefersJson, vendorMediaType } from './media-type.js';
import { isReply, type Reply } from './reply.js';
import { routeFacts } from './route-facts.js';

/**
 * Writes what handlers answer with. Not an interceptor: a way through rxjs for every request would cost more than the
 * handler of most routes.
 */
export class AnsweringAdapter extends FastifyAdapter {
  override reply(
    response: FastifyReply | FastifyReply['raw'],
    body: unknown,
    statusCode?: number,
  ): ReturnType<FastifyAdapter['reply']> {
    if (!isReply(body) || !('request' in response)) return super.reply(response, body, statusCode);
    return writeReply(response.request, response, body);
  }
}

/** If-None-Match is for these (RFC 9110 section 13.1.2). */
const READS = new Set(['GET', 'HEAD']);

/** Media type, ETag, Location, Link, body. */
function writeReply(request: FastifyRequest, response: FastifyReply, value: Reply): FastifyReply {
  if (value.status !== undefined) response.status(value.status);
  if (value.location !== undefined) response.header('location', value.location);
  if (value.version !== undefined) response.header('etag', etagOf(value.version));
  if (value.next !== undefined) response.header('link', `<${nextUrl(request.url, value.next)}>; rel="next"`);
  if (value.version !== undefined && READS.has(request.method) && notModified(request, value.version)) {
    return response.status(304).send();
  }
  if (value.body === undefined && value.stream === undefined) {
    return response.statusCode === 204 ? writeNow(request, response, '') : response.send();
  }
  const vendor = routeFacts(request)?.answers;
  if (vendor !== undefined) response.header('vary', 'accept');
  response.header(
    'content-type',
    vendor === undefined || prefersJson(request.headers.accept, vendor) ? 'application/json' : vendorMediaType(vendor),
  );
  if (value.stream !== undefined) return response.send(value.stream);
  const text = value.body instanceof JsonText ? value.body.text : writeJson(value.body);
  return request.method === 'HEAD' ? sendAsItIs(response, text) : writeNow(request, response, text);
}

const asItIs = (text: unknown): string => text as string;

/** With a serializer of our own, since Fastify would add a charset otherwise, which the vendor types must not have. */
const sendAsItIs = (response: FastifyReply, text: string): FastifyReply => response.serializer(asItIs).send(text);

/**
 * Text, or nothing with 204, leaves by Node's own response, in one piece with the headers. Fastify would read the media
 * type again, look for hooks and streams and set header by header, which costs as much as the rest of the answer; its hooks
 * for the end of a response run all the same.
 */
function writeNow(request: FastifyRequest, response: FastifyReply, text: string): FastifyReply {
  if (request.server.stopping) response.header('connection', 'close');
  const headers = response.getHeaders() as Record<string, string | number>;
  if (text !== '') headers['content-length'] = Buffer.byteLength(text);
  response.hijack();
  response.raw.writeHead(response.statusCode, headers).end(text);
  return response;
}

function notModified(request: FastifyRequest, version: number): boolean {
  const header = request.headers['if-none-match'];
  return header !== undefined && ifNoneMatchNames(header, version);
}

/** The same path and query with the cursor replaced, root-relative. */
function nextUrl(url: string, cursor: string): string {
  const [path = '', query = ''] = url.split('?');
  const parameters = new URLSearchParams(query);
  parameters.set('cursor', cursor);
  return `${path}?${parameters.toString()}`;
}
