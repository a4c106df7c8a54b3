import { Body, Controller, Delete, Get, Param, Patch, Put, Query, Req } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { Reply } from '../../platform/http/reply.js';
import { Route } from '../../platform/http/route.js';
import { FromCaller, type Caller } from '../resource/caller.js';
import { wantsWhole } from '../resource/listing.js';
import { ReleaseQuery } from '../resource/resource.dto.js';
import { LeaseChange, LeaseDocument, LeaseList, LeaseListQuery } from './lease.dto.js';
import { LeasesService } from './leases.service.js';

const READERS = ['member', 'reader'] as const;

@ApiTags('leases')
@Controller()
export class LeasesController {
  constructor(private readonly leases: LeasesService) {}

  /** Lists all leases. */
  @Get('leases')
  @Route({ does: 'lease.list', access: READERS, answers: 'leases', problems: ['invalid-field'] })
  @ApiOkResponse({ type: LeaseList })
  listLeases(@Req() request: FastifyRequest, @Query() query: LeaseListQuery): Promise<Reply> {
    return this.leases.list(undefined, query, wantsWhole(request, 'leases', query));
  }

  /** Lists the leases of a reservation. */
  @Get('reservations/:id/leases')
  @Route({ does: 'lease.list', access: READERS, answers: 'leases', problems: ['not-found', 'invalid-field'] })
  @ApiOkResponse({ type: LeaseList })
  listReservationLeases(
    @Req() request: FastifyRequest,
    @Param('id') id: string,
    @Query() query: LeaseListQuery,
  ): Promise<Reply> {
    return this.leases.list(id, query, wantsWhole(request, 'leases', query));
  }

  /** Shows a lease. */
  @Get('leases/:id')
  @Route({ does: 'lease.get', access: READERS, versioned: true, answers: 'lease', problems: ['not-found'] })
  @ApiOkResponse({ type: LeaseDocument })
  getLease(@Param('id') id: string): Promise<Reply> {
    return this.leases.show(id);
  }

  /** Changes what is sent of a lease's name, tags and metadata (JSON merge patch). */
  @Patch('leases/:id')
  @Route({
    does: 'lease.update',
    access: ['member'],
    reads: 'lease',
    answers: 'lease',
    problems: ['not-found', 'precondition-failed'],
  })
  @ApiOkResponse({ type: LeaseDocument })
  updateLease(@FromCaller() caller: Caller, @Param('id') id: string, @Body() body: LeaseChange): Promise<Reply> {
    return this.leases.update(caller, id, body, 'patch');
  }

  /** Replaces name, tags and metadata of a lease. */
  @Put('leases/:id')
  @Route({
    does: 'lease.update',
    access: ['member'],
    reads: 'lease',
    answers: 'lease',
    problems: ['not-found', 'precondition-failed'],
  })
  @ApiOkResponse({ type: LeaseDocument })
  replaceLease(@FromCaller() caller: Caller, @Param('id') id: string, @Body() body: LeaseChange): Promise<Reply> {
    return this.leases.update(caller, id, body, 'put');
  }

  /**
   * Releases one address. The other addresses of its reservation stay as they are; with the last one the reservation is
   * removed too.
   */
  @Delete('leases/:id')
  @Route({
    does: 'lease.delete',
    access: ['member'],
    status: 204,
    problems: ['not-found', 'precondition-failed', 'invalid-field'],
  })
  @ApiNoContentResponse()
  deleteLease(
    @FromCaller() caller: Caller,
    @Param('id') id: string,
    @Query() { reason }: ReleaseQuery,
  ): Promise<Reply> {
    return this.leases.release(caller, id, reason ?? null);
  }
}
