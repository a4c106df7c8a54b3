import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { Database } from '../../platform/database/database.js';
import { Route } from '../../platform/http/route.js';
import { LIST_PARKED } from './parked.queries.js';
import { ParkedEventPage, ParkedEventQuery, type ParkedEvent } from './parked-events.dto.js';

@ApiTags('events')
@Controller('events/parked')
export class ParkedEventsController {
  constructor(private readonly database: Database) {}

  /** Events that NATS does not take, with the reason, as long as the outbox keeps them; `GET /events` tells them as all others. */
  @Get()
  @Route({ access: ['reader'], problems: ['invalid-field'] })
  @ApiOkResponse({ type: ParkedEventPage })
  async listParkedEvents(@Query() { after = 0, limit = 100 }: ParkedEventQuery): Promise<ParkedEventPage> {
    const events = await this.database.query<ParkedEvent>(LIST_PARKED, [after, limit]);
    return { events, last: events.at(-1)?.position ?? after };
  }
}
