import { Readable } from 'node:stream';
import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { reply, type Reply } from '../../platform/http/reply.js';
import { Route } from '../../platform/http/route.js';
import { JsonText } from '../../platform/json/json-text.js';
import { invalidField } from '../../platform/problem/problem.js';
import { cloudEvent } from './event.js';
import { EventPage, EventQuery } from './event.dto.js';
import { EventStreamService } from './event-stream.service.js';

@ApiTags('events')
@Controller('events')
export class EventsController {
  constructor(private readonly events: EventStreamService) {}

  /**
   * Events. With `Accept: text/event-stream` the live stream (server-sent events, continued after `Last-Event-ID`);
   * otherwise one page of what happened.
   */
  @Get()
  @Route({ access: ['member', 'reader'], waits: true, problems: ['invalid-field'] })
  @ApiOkResponse({ type: EventPage })
  async listEvents(
    @Query() query: EventQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) response: FastifyReply,
  ): Promise<Reply | Readable> {
    if (!(request.headers.accept ?? '').includes('text/event-stream')) {
      const { events, last } = await this.events.read(query.after ?? 0, query.limit ?? 100, query);
      return reply({ body: { events: events.map((event) => new JsonText(cloudEvent(event))), last } });
    }
    const after = lastEventId(request) ?? query.after ?? (await this.events.lastPosition());
    const stop = new AbortController();
    response.raw.once('close', () => stop.abort());
    response
      .header('content-type', 'text/event-stream')
      .header('cache-control', 'no-store')
      .header('x-accel-buffering', 'no');
    return Readable.from(this.events.follow(after, query, stop.signal), { objectMode: false });
  }
}

function lastEventId(request: FastifyRequest): number | undefined {
  const header = request.headers['last-event-id'];
  if (header === undefined || header === '') return undefined;
  const id = Number(header);
  if (!Number.isSafeInteger(id) || id < 0) throw invalidField('Last-Event-ID', 'is not one that this stream gave');
  return id;
}
