import type { Readable } from 'node:stream';
import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { ApiExtraModels, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { reply, type Reply } from '../../platform/http/reply.js';
import { Route } from '../../platform/http/route.js';
import { JsonText } from '../../platform/json/json-text.js';
import { invalidField } from '../../platform/problem/problem.js';
import { EventPage, EventQuery } from './event.dto.js';
import { EventFilter } from './event-filter.js';
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
  @Route({ access: ['member', 'reader'], waits: true, problems: ['invalid-field', 'events-gone'] })
  @ApiOkResponse({
    content: {
      'application/json': { schema: { $ref: '#/components/schemas/EventPage' } },
      'text/event-stream': {
        schema: { type: 'string', example: 'id: 42\nevent: ipam.lease.created.v1\ndata: {}\n\n' },
      },
    },
  })
  @ApiExtraModels(EventPage)
  async listEvents(
    @Query() query: EventQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) response: FastifyReply,
  ): Promise<Reply | Readable> {
    const filter = EventFilter.of(query);
    const { after, cursor, limit } = query;
    if (!(request.headers.accept ?? '').includes('text/event-stream')) {
      if (after !== undefined && cursor !== undefined) throw invalidField('cursor', 'give this or after, not both');
      const { events, last, next } = await this.events.page(query, limit ?? 100, filter);
      const told = events.map(({ text }) => new JsonText(text));
      return reply({ body: { events: told, last, next }, ...(next !== undefined && { next }) });
    }
    if (cursor !== undefined) throw invalidField('cursor', 'is for pages; a stream goes on after an event: use after');
    const stream = await this.events.follow(lastEventId(request) ?? after, filter);
    response.raw.once('close', () => stream.destroy());
    response
      .header('content-type', 'text/event-stream')
      .header('cache-control', 'no-store')
      .header('x-accel-buffering', 'no');
    return stream;
  }
}

function lastEventId(request: FastifyRequest): number | undefined {
  const header = request.headers['last-event-id'];
  if (header === undefined || header === '') return undefined;
  const id = Number(header);
  if (!Number.isSafeInteger(id) || id < 0) throw invalidField('Last-Event-ID', 'is not one that this stream gave');
  return id;
}
