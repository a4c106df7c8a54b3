import { Body, Controller, Get, Param, Put, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Reply } from '../../platform/http/reply.js';
import { Route } from '../../platform/http/route.js';
import { FromCaller, type Caller } from '../resource/caller.js';
import { BadRecordsService } from './bad-records.service.js';
import {
  BadRecordList,
  BadRecordsQuery,
  LeaseReachability,
  ReachabilityList,
  ReachabilityQuery,
  ReachabilityReportInput,
} from './reachability.dto.js';
import { ReachabilityService } from './reachability.service.js';

const READERS = ['member', 'reader'] as const;

@ApiTags('reachability')
@Controller()
export class ReachabilityController {
  constructor(
    private readonly reachability: ReachabilityService,
    private readonly badRecords: BadRecordsService,
  ) {}

  /** Lists what gateways know of the machines behind them. */
  @Get('reachability')
  @Route({ access: READERS, problems: ['invalid-field'] })
  @ApiOkResponse({ type: ReachabilityList })
  listReachability(@Query() query: ReachabilityQuery): Promise<Reply> {
    return this.reachability.list(query);
  }

  /** Whether the machine that has a lease answers. */
  @Get('leases/:id/reachability')
  @Route({ access: READERS, problems: ['not-found'] })
  @ApiOkResponse({ type: LeaseReachability })
  getLeaseReachability(@Param('id') id: string): Promise<Reply> {
    return this.reachability.ofLease(id);
  }

  /** Lists addresses of a pool that are held but silent, or that answer though nobody holds them. */
  @Get('pools/:id/bad-records')
  @Route({ access: READERS, problems: ['not-found', 'invalid-field'] })
  @ApiOkResponse({ type: BadRecordList })
  listBadRecords(@Param('id') id: string, @Query() query: BadRecordsQuery): Promise<Reply> {
    return this.badRecords.list(id, query);
  }

  /** For the gateway's agent: what it found out about the machines behind it. */
  @Put('gateways/:id/reachability')
  @Route({ access: ['gateway'], reads: 'json', status: 204, problems: ['not-found'] })
  @ApiNoContentResponse()
  putReachability(
    @FromCaller() caller: Caller,
    @Param('id') id: string,
    @Body() body: ReachabilityReportInput,
  ): Promise<Reply> {
    return this.reachability.report(caller, id, body);
  }
}
