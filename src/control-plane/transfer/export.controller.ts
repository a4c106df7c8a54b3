import { Readable } from 'node:stream';
import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Route } from '../../platform/http/route.js';
import { ExportQuery } from './export.dto.js';
import { ExportService } from './export.service.js';

/** A client that takes nothing for so long is cut: it holds a snapshot and a connection of the database. */
const STALL_MS = 20_000;

@ApiTags('transfer')
@Controller('export')
export class ExportController {
  constructor(private readonly exports: ExportService) {}

  /**
   * Exports pools, subnets, reservations and leases as they were at one moment, streamed. What goes wrong on the way breaks
   * the connection off: an answer that ends in good order is whole.
   */
  @Get()
  @Route({ access: ['reader'], problems: ['invalid-field'] })
  @ApiOkResponse({
    content: {
      'application/json': { schema: { type: 'object', additionalProperties: true } },
      'application/x-ndjson': { schema: { type: 'string', format: 'binary' } },
      'text/csv': { schema: { type: 'string', format: 'binary' } },
    },
  })
  async exportAll(
    @Query() query: ExportQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) response: FastifyReply,
  ): Promise<Readable> {
    const { mediaType, pieces } = await this.exports.begin(query);
    response
      .header('content-type', mediaType)
      .header('cache-control', 'no-store')
      .header('content-disposition', `attachment; filename="berth-${query.type ?? 'all'}.${query.format ?? 'json'}"`);
    if (request.method === 'HEAD') {
      await pieces.return();
      return Readable.from([]);
    }
    response.raw.setTimeout(STALL_MS, () => response.raw.destroy());
    return Readable.from(pieces, { objectMode: false });
  }
}
