import { Body, Controller, Delete, Get, Param, Patch, Post, Put, Query, Req } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { Reply } from '../../platform/http/reply.js';
import { Route } from '../../platform/http/route.js';
import { FromCaller, type Caller } from '../resource/caller.js';
import { wantsWhole } from '../resource/listing.js';
import { NewSubnet, NewSubnetQuery, SubnetChange, SubnetDocument, SubnetList, SubnetListQuery } from './subnet.dto.js';
import { SubnetsService } from './subnets.service.js';

const READERS = ['member', 'reader'] as const;
const PREVIEW = 'With dryRun=true: the subnet as it would be. Nothing was written, and nobody told.';
const CHANGE = ['not-found', 'precondition-failed', 'range-overlap', 'range-in-use'] as const;

@ApiTags('subnets')
@Controller()
export class SubnetsController {
  constructor(private readonly subnets: SubnetsService) {}

  /** Lists the subnets of all pools. */
  @Get('subnets')
  @Route({ does: 'subnet.list', access: READERS, answers: 'subnets', problems: ['invalid-field'] })
  @ApiOkResponse({ type: SubnetList })
  listSubnets(@Req() request: FastifyRequest, @Query() query: SubnetListQuery): Promise<Reply> {
    return this.subnets.list(undefined, query, wantsWhole(request, 'subnets', query));
  }

  /** Lists the subnets of a pool. */
  @Get('pools/:id/subnets')
  @Route({ does: 'subnet.list', access: READERS, answers: 'subnets', problems: ['not-found', 'invalid-field'] })
  @ApiOkResponse({ type: SubnetList })
  listPoolSubnets(
    @Req() request: FastifyRequest,
    @Param('id') id: string,
    @Query() query: SubnetListQuery,
  ): Promise<Reply> {
    return this.subnets.list(id, query, wantsWhole(request, 'subnets', query));
  }

  /** Adds a subnet to a pool: a range, a network, or the next free network of a length in the pool's supernets. */
  @Post('pools/:id/subnets')
  @Route({
    does: 'subnet.create',
    access: [],
    reads: 'subnet',
    answers: 'subnet',
    status: 201,
    problems: ['not-found', 'duplicate-id', 'range-overlap', 'pool-exhausted', 'idempotency-key-reused'],
  })
  @ApiCreatedResponse({ type: SubnetDocument })
  @ApiOkResponse({ type: SubnetDocument, description: PREVIEW })
  createSubnet(
    @FromCaller() caller: Caller,
    @Param('id') id: string,
    @Query() { dryRun }: NewSubnetQuery,
    @Body() body: NewSubnet,
  ): Promise<Reply> {
    return dryRun === true ? this.subnets.preview(id, body) : this.subnets.create(caller, id, body);
  }

  /** Shows a subnet. */
  @Get('subnets/:id')
  @Route({ does: 'subnet.get', access: READERS, versioned: true, answers: 'subnet', problems: ['not-found'] })
  @ApiOkResponse({ type: SubnetDocument })
  getSubnet(@Param('id') id: string): Promise<Reply> {
    return this.subnets.show(id);
  }

  /** Changes what is sent of a subnet (JSON merge patch); its addresses too, if nothing that is held falls out of them. */
  @Patch('subnets/:id')
  @Route({ does: 'subnet.update', access: [], reads: 'subnet', answers: 'subnet', problems: CHANGE })
  @ApiOkResponse({ type: SubnetDocument })
  updateSubnet(@FromCaller() caller: Caller, @Param('id') id: string, @Body() body: SubnetChange): Promise<Reply> {
    return this.subnets.update(caller, id, body, 'patch');
  }

  /** Replaces name, tags and metadata of a subnet; of its addresses what is sent. */
  @Put('subnets/:id')
  @Route({ does: 'subnet.update', access: [], reads: 'subnet', answers: 'subnet', problems: CHANGE })
  @ApiOkResponse({ type: SubnetDocument })
  replaceSubnet(@FromCaller() caller: Caller, @Param('id') id: string, @Body() body: SubnetChange): Promise<Reply> {
    return this.subnets.update(caller, id, body, 'put');
  }

  /** Deletes a subnet with its reservations and leases. */
  @Delete('subnets/:id')
  @Route({ does: 'subnet.delete', access: [], status: 204, problems: ['not-found', 'precondition-failed'] })
  @ApiNoContentResponse()
  deleteSubnet(@FromCaller() caller: Caller, @Param('id') id: string): Promise<Reply> {
    return this.subnets.delete(caller, id);
  }
}
