import { Controller, Delete, Get, Param, Post, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Reply } from '../../platform/http/reply.js';
import { Route } from '../../platform/http/route.js';
import { FromCaller, type Caller } from '../resource/caller.js';
import { DeadLetterCount, DeadLetterList, DeadLetterQuery } from './dead-letter.dto.js';
import { DeadLettersService } from './dead-letters.service.js';

@ApiTags('webhooks')
@Controller('webhooks/:id/dead-letters')
export class DeadLettersController {
  constructor(private readonly letters: DeadLettersService) {}

  /** Lists the events that a receiver did not take. */
  @Get()
  @Route({ access: [], problems: ['not-found', 'invalid-field'] })
  @ApiOkResponse({ type: DeadLetterList })
  listDeadLetters(@Param('id') id: string, @Query() query: DeadLetterQuery): Promise<Reply> {
    return this.letters.list(id, query);
  }

  /** Tries all of them again. */
  @Post('replay')
  @Route({ access: [], problems: ['not-found', 'idempotency-key-reused'] })
  @ApiOkResponse({ type: DeadLetterCount })
  replayDeadLetters(@FromCaller() caller: Caller, @Param('id') id: string): Promise<Reply> {
    return this.letters.replay(caller, id, null);
  }

  /** Tries one of them again. */
  @Post(':event/replay')
  @Route({ access: [], problems: ['not-found', 'idempotency-key-reused'] })
  @ApiOkResponse({ type: DeadLetterCount })
  replayDeadLetter(
    @FromCaller() caller: Caller,
    @Param('id') id: string,
    @Param('event') event: string,
  ): Promise<Reply> {
    return this.letters.replay(caller, id, event);
  }

  /** Forgets all of them. */
  @Delete()
  @Route({ access: [], problems: ['not-found'] })
  @ApiOkResponse({ type: DeadLetterCount })
  deleteDeadLetters(@FromCaller() caller: Caller, @Param('id') id: string): Promise<Reply> {
    return this.letters.delete(caller, id, null);
  }

  /** Forgets one of them. */
  @Delete(':event')
  @Route({ access: [], status: 204, problems: ['not-found'] })
  @ApiNoContentResponse()
  deleteDeadLetter(
    @FromCaller() caller: Caller,
    @Param('id') id: string,
    @Param('event') event: string,
  ): Promise<Reply> {
    return this.letters.delete(caller, id, event);
  }
}
