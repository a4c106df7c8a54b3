import { Body, Controller, Delete, Get, Param, Patch, Post, Put, Query, Req } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { Reply } from '../../platform/http/reply.js';
import { Route } from '../../platform/http/route.js';
import { FromCaller, type Caller } from '../resource/caller.js';
import { wantsWhole } from '../resource/listing.js';
import { NewPool, PoolChange, PoolDocument, PoolList, PoolListQuery } from './pool.dto.js';
import { PoolsService } from './pools.service.js';

const READERS = ['member', 'reader'] as const;
const CHANGE = ['not-found', 'precondition-failed', 'range-in-use'] as const;

@ApiTags('pools')
@Controller('pools')
export class PoolsController {
  constructor(private readonly pools: PoolsService) {}

  /** Lists pools. */
  @Get()
  @Route({ does: 'pool.list', access: READERS, answers: 'pools', problems: ['invalid-field'] })
  @ApiOkResponse({ type: PoolList })
  listPools(@Req() request: FastifyRequest, @Query() query: PoolListQuery): Promise<Reply> {
    return this.pools.list(query, wantsWhole(request, 'pools', query));
  }

  /** Makes a pool. */
  @Post()
  @Route({
    does: 'pool.create',
    access: [],
    reads: 'pool',
    answers: 'pool',
    status: 201,
    problems: ['duplicate-id', 'idempotency-key-reused'],
  })
  @ApiCreatedResponse({ type: PoolDocument })
  createPool(@FromCaller() caller: Caller, @Body() body: NewPool): Promise<Reply> {
    return this.pools.create(caller, body);
  }

  /** Shows a pool. */
  @Get(':id')
  @Route({ does: 'pool.get', access: READERS, versioned: true, answers: 'pool', problems: ['not-found'] })
  @ApiOkResponse({ type: PoolDocument })
  getPool(@Param('id') id: string): Promise<Reply> {
    return this.pools.show(id);
  }

  /** Changes what is sent of a pool (JSON merge patch). */
  @Patch(':id')
  @Route({ does: 'pool.update', access: [], reads: 'pool', answers: 'pool', problems: CHANGE })
  @ApiOkResponse({ type: PoolDocument })
  updatePool(@FromCaller() caller: Caller, @Param('id') id: string, @Body() body: PoolChange): Promise<Reply> {
    return this.pools.update(caller, id, body, 'patch');
  }

  /** Replaces name, tags and metadata of a pool; of its settings what is sent. */
  @Put(':id')
  @Route({ does: 'pool.update', access: [], reads: 'pool', answers: 'pool', problems: CHANGE })
  @ApiOkResponse({ type: PoolDocument })
  replacePool(@FromCaller() caller: Caller, @Param('id') id: string, @Body() body: PoolChange): Promise<Reply> {
    return this.pools.update(caller, id, body, 'put');
  }

  /** Deletes a pool with its subnets, reservations and leases. */
  @Delete(':id')
  @Route({ does: 'pool.delete', access: [], status: 204, problems: ['not-found', 'precondition-failed'] })
  @ApiNoContentResponse()
  deletePool(@FromCaller() caller: Caller, @Param('id') id: string): Promise<Reply> {
    return this.pools.delete(caller, id);
  }
}
