import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { Database } from '../../platform/database/database.js';
import { reply, type Reply } from '../../platform/http/reply.js';
import { Route } from '../../platform/http/route.js';
import { HealthDocument } from './health.dto.js';

@ApiTags('health')
@Controller('health')
export class HealthController {
  constructor(private readonly database: Database) {}

  /** The process lives. It says nothing about the database: a restart would not bring that back. */
  @Get('live')
  @Route({ access: 'anyone' })
  @ApiOkResponse({ type: HealthDocument })
  getLiveness(): Reply {
    return reply({ body: { status: 'ok' } });
  }

  /** Requests can be served: the database answers. 503 otherwise. */
  @Get('ready')
  @Route({ access: 'anyone' })
  @ApiOkResponse({ type: HealthDocument })
  async getReadiness(): Promise<Reply> {
    await this.database.query('SELECT 1');
    return reply({ body: { status: 'ok' } });
  }
}
