import { Controller, Get, Param, Res } from '@nestjs/common';
import { ApiOkResponse, ApiProperty, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { reply, type Reply } from '../../platform/http/reply.js';
import { Route } from '../../platform/http/route.js';
import { notFound } from '../../platform/problem/problem.js';
import { EventSchemas } from './event-schemas.js';

/** A version of a schema only ever gets more optional fields: a copy stays true. */
const FOR_EVER = 'public, max-age=31536000, immutable';

export class SchemaNames {
  /** Types of events, with their versions; the schema of each is at `/schemas/<type>.json`. */
  @ApiProperty({ type: [String], example: ['ipam.lease.created.v1'] })
  schemas: string[];
}

@ApiTags('events')
@Controller('schemas')
export class SchemasController {
  constructor(private readonly schemas: EventSchemas) {}

  /** The types of events whose data have a schema here: all of them. */
  @Get()
  @Route({ access: 'anyone' })
  @ApiOkResponse({ type: SchemaNames })
  listEventSchemas(): Reply {
    return reply({ body: { schemas: [...this.schemas.all.keys()] } });
  }

  /** The JSON schema (draft 7) of the data of a type of event: what `dataschema` of its events names. */
  @Get(':schema')
  @Route({ access: 'anyone', versioned: true, problems: ['not-found'] })
  @ApiOkResponse({ schema: { type: 'object', additionalProperties: true } })
  getEventSchema(@Param('schema') name: string, @Res({ passthrough: true }) response: FastifyReply): Reply {
    const body = this.schemas.all.get(name.replace(/\.json$/, ''));
    if (body === undefined || !name.endsWith('.json')) throw notFound('schema', name);
    response.header('cache-control', FOR_EVER);
    return reply({ version: 1, body });
  }
}
