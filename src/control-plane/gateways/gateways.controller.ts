import { Body, Controller, Delete, Get, Param, Patch, Post, Put, Query, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { reply, type Reply } from '../../platform/http/reply.js';
import { Route } from '../../platform/http/route.js';
import { FromCaller, type Caller } from '../resource/caller.js';
import { DesiredStateDocument, StatusReportInput } from './desired-state.dto.js';
import { DesiredStateService } from './desired-state.service.js';
import { DriftList, DriftQuery } from './drift.dto.js';
import { DriftService } from './drift.service.js';
import {
  DesiredStateQuery,
  GatewayChange,
  GatewayDelete,
  GatewayDocument,
  GatewayList,
  GatewayListQuery,
  NewGateway,
} from './gateway.dto.js';
import { GatewaysService } from './gateways.service.js';

const READERS = ['member', 'reader'] as const;

@ApiTags('gateways')
@Controller('gateways')
export class GatewaysController {
  constructor(
    private readonly gateways: GatewaysService,
    private readonly desired: DesiredStateService,
    private readonly drift: DriftService,
  ) {}

  /** Lists gateways. */
  @Get()
  @Route({ does: 'gateway.list', access: READERS, problems: ['invalid-field'] })
  @ApiOkResponse({ type: GatewayList })
  listGateways(@Query() query: GatewayListQuery): Promise<Reply> {
    return this.gateways.list(query);
  }

  /** Makes a gateway. Its agent may start before or after. */
  @Post()
  @Route({
    does: 'gateway.create',
    access: [],
    reads: 'json',
    status: 201,
    problems: ['duplicate-id', 'duplicate-name', 'idempotency-key-reused'],
  })
  @ApiCreatedResponse({ type: GatewayDocument })
  createGateway(@FromCaller() caller: Caller, @Body() body: NewGateway): Promise<Reply> {
    return this.gateways.create(caller, body);
  }

  /** Shows a gateway, by id or name. */
  @Get(':id')
  @Route({ does: 'gateway.get', access: READERS, versioned: true, problems: ['not-found'] })
  @ApiOkResponse({ type: GatewayDocument })
  getGateway(@Param('id') id: string): Promise<Reply> {
    return this.gateways.show(id);
  }

  /** Changes what is sent of a gateway (JSON merge patch). */
  @Patch(':id')
  @Route({
    does: 'gateway.update',
    access: [],
    reads: 'json',
    problems: ['not-found', 'precondition-failed', 'duplicate-name', 'range-in-use'],
  })
  @ApiOkResponse({ type: GatewayDocument })
  updateGateway(@FromCaller() caller: Caller, @Param('id') id: string, @Body() body: GatewayChange): Promise<Reply> {
    return this.gateways.update(caller, id, body);
  }

  /** Deletes a gateway that has nothing left, or with `force` everything it has. */
  @Delete(':id')
  @Route({
    does: 'gateway.delete',
    access: [],
    status: 204,
    problems: ['not-found', 'precondition-failed', 'in-use', 'invalid-field'],
  })
  @ApiNoContentResponse()
  deleteGateway(@FromCaller() caller: Caller, @Param('id') id: string, @Query() query: GatewayDelete): Promise<Reply> {
    return this.gateways.delete(caller, id, query.force ?? false);
  }

  /** What a gateway found changed in its kernel by somebody else, the newest first. */
  @Get(':id/drift')
  @Route({ access: READERS, problems: ['not-found', 'invalid-field'] })
  @ApiOkResponse({ type: DriftList })
  listGatewayDrift(@Param('id') id: string, @Query() query: DriftQuery): Promise<Reply> {
    return this.drift.list(id, query);
  }

  /** For the gateway's agent: what its kernel should have. Long poll: waits for a generation later than `after`. */
  @Get(':id/desired-state')
  @Route({ access: ['gateway'], waits: true, problems: ['not-found', 'invalid-field'] })
  @ApiOkResponse({ type: DesiredStateDocument })
  @ApiNoContentResponse({ description: 'Nothing later came within the time.' })
  async getDesiredState(
    @FromCaller() caller: Caller,
    @Param('id') id: string,
    @Query() { after, wait, labels }: DesiredStateQuery,
    @Res({ passthrough: true }) response: FastifyReply,
  ): Promise<Reply> {
    const gone = new AbortController();
    response.raw.once('close', () => gone.abort());
    const state = await this.desired.read(caller, id, after, wait ?? 0, gone.signal, labels === 'true');
    if (state === undefined) response.status(204);
    return reply({ body: state });
  }

  /** For the gateway's agent: what it saw in its kernel. */
  @Put(':id/status')
  @Route({ access: ['gateway'], reads: 'json', status: 204, problems: ['not-found'] })
  @ApiNoContentResponse()
  putStatus(@FromCaller() caller: Caller, @Param('id') id: string, @Body() body: StatusReportInput): Promise<Reply> {
    return this.desired.report(caller, id, body);
  }
}
