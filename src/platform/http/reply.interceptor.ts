import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { map, type Observable } from 'rxjs';
import { JsonText, writeJson } from '../json/json-text.js';
import { prefersJson, vendorMediaType } from './media-type.js';
import { etagOf, isReply, type Reply } from './reply.js';
import { routeFacts } from './server.js';

/**
 * Writes a handler's Reply: media type, ETag, Location, Link, body. Bodies go out as Buffer, since Fastify would add a
 * charset to objects and strings, which the vendor types must not have.
 */
@Injectable()
export class ReplyInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const response = http.getResponse<FastifyReply>();
    return next.handle().pipe(map((value: unknown) => (isReply(value) ? write(request, response, value) : value)));
  }
}

/** If-None-Match is for these (RFC 9110 section 13.1.2). */
const READS = new Set(['GET', 'HEAD']);

function write(request: FastifyRequest, response: FastifyReply, value: Reply): unknown {
  const facts = routeFacts(request);
  if (value.location !== undefined) response.header('location', value.location);
  if (value.version !== undefined) response.header('etag', etagOf(value.version));
  if (value.next !== undefined) response.header('link', `<${nextUrl(request.url, value.next)}>; rel="next"`);
  if (value.version !== undefined && READS.has(request.method) && notModified(request, value.version)) {
    response.status(304);
    return undefined;
  }
  if (value.body === undefined && value.stream === undefined) return undefined;
  const vendor = facts?.answers;
  if (vendor !== undefined) response.header('vary', 'accept');
  response.header(
    'content-type',
    vendor === undefined || prefersJson(request.headers.accept, vendor) ? 'application/json' : vendorMediaType(vendor),
  );
  if (value.stream !== undefined) return value.stream;
  return Buffer.from(value.body instanceof JsonText ? value.body.text : writeJson(value.body));
}

function notModified(request: FastifyRequest, version: number): boolean {
  const header = request.headers['if-none-match'];
  if (header === undefined) return false;
  return header.split(',').some((tag) => ['*', etagOf(version)].includes(tag.trim().replace(/^W\//, '')));
}

/** The same path and query with the cursor replaced, root-relative. */
function nextUrl(url: string, cursor: string): string {
  const [path = '', query = ''] = url.split('?');
  const parameters = new URLSearchParams(query);
  parameters.set('cursor', cursor);
  return `${path}?${parameters.toString()}`;
}
