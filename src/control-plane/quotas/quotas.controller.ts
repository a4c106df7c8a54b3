import { Body, Controller, Delete, Get, Param, Put, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Reply } from '../../platform/http/reply.js';
import { Route } from '../../platform/http/route.js';
import { FromCaller, type Caller } from '../resource/caller.js';
import { NewQuota, QuotaDocument, QuotaList, QuotaListQuery, QuotaUsage } from './quota.dto.js';
import { QuotasService } from './quotas.service.js';

const READERS = ['member', 'reader'] as const;

@ApiTags('quotas')
@Controller('quotas')
export class QuotasController {
  constructor(private readonly quotas: QuotasService) {}

  /** Lists quotas; a member sees its own and the one of everybody (`*`). */
  @Get()
  @Route({ does: 'quota.list', access: READERS, problems: ['invalid-field'] })
  @ApiOkResponse({ type: QuotaList })
  listQuotas(@FromCaller() caller: Caller, @Query() query: QuotaListQuery): Promise<Reply> {
    return this.quotas.list(caller, query);
  }

  /** Shows the quota of an owner. */
  @Get(':owner')
  @Route({ does: 'quota.get', access: READERS, versioned: true, problems: ['not-found', 'invalid-field'] })
  @ApiOkResponse({ type: QuotaDocument })
  getQuota(@FromCaller() caller: Caller, @Param('owner') owner: string): Promise<Reply> {
    return this.quotas.show(caller, owner);
  }

  /** Shows which quota counts for an owner, and what the owner holds. */
  @Get(':owner/usage')
  @Route({ access: READERS, problems: ['not-found', 'invalid-field'] })
  @ApiOkResponse({ type: QuotaUsage })
  getQuotaUsage(@FromCaller() caller: Caller, @Param('owner') owner: string): Promise<Reply> {
    return this.quotas.usage(caller, owner);
  }

  /** Sets what an owner may hold; `*` is everybody without a quota of his own. What is left out is not limited. */
  @Put(':owner')
  @Route({ does: 'quota.set', access: [], reads: 'json', problems: ['not-found', 'precondition-failed'] })
  @ApiOkResponse({ type: QuotaDocument })
  setQuota(@FromCaller() caller: Caller, @Param('owner') owner: string, @Body() body: NewQuota): Promise<Reply> {
    return this.quotas.set(caller, owner, body);
  }

  /** Removes the quota of an owner: from now on that of everybody counts, if there is one. */
  @Delete(':owner')
  @Route({
    does: 'quota.delete',
    access: [],
    status: 204,
    problems: ['not-found', 'invalid-field', 'precondition-failed'],
  })
  @ApiNoContentResponse()
  deleteQuota(@FromCaller() caller: Caller, @Param('owner') owner: string): Promise<Reply> {
    return this.quotas.delete(caller, owner);
  }
}
