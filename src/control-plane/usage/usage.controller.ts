import { Body, Controller, Get, Param, Put, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { reply, type Reply } from '../../platform/http/reply.js';
import { Route } from '../../platform/http/route.js';
import { FromCaller, type Caller } from '../resource/caller.js';
import {
  ComponentUsage,
  CountersQuery,
  PortMapCounters,
  PortMapCountersList,
  UsageQuery,
  UsageReportInput,
} from './usage.dto.js';
import { UsageService } from './usage.service.js';

const READERS = ['member', 'reader'] as const;

@ApiTags('usage')
@Controller()
export class UsageController {
  constructor(private readonly usage: UsageService) {}

  /** For the gateway's agent: what it saw pass through its port maps. */
  @Put('gateways/:id/usage')
  @Route({ access: ['gateway'], reads: 'json', status: 204, problems: ['not-found'] })
  @ApiNoContentResponse()
  putUsage(@FromCaller() caller: Caller, @Param('id') id: string, @Body() body: UsageReportInput): Promise<Reply> {
    return this.usage.keep(caller, id, body);
  }

  /** Who used a component, day by day, by id or name; by name also after it is deleted. */
  @Get('components/:id/usage')
  @Route({ access: READERS, problems: ['not-found', 'in-use', 'invalid-field'] })
  @ApiOkResponse({ type: ComponentUsage })
  getComponentUsage(
    @FromCaller() caller: Caller,
    @Param('id') id: string,
    @Query() { days }: UsageQuery,
  ): Promise<Reply> {
    return this.usage.ofComponent(caller, id, days);
  }

  /** What passed through a port map. */
  @Get('port-maps/:id/counters')
  @Route({ access: READERS, problems: ['not-found'] })
  @ApiOkResponse({ type: PortMapCounters })
  getPortMapCounters(@Param('id') id: string): Promise<Reply> {
    return this.usage.ofMap(id);
  }

  /** What passed through each of some port maps. */
  @Get('port-map-counters')
  @Route({ access: READERS, problems: ['invalid-field'] })
  @ApiOkResponse({ type: PortMapCountersList })
  async listPortMapCounters(@Query() { ids }: CountersQuery): Promise<Reply> {
    return reply({ body: { counters: await this.usage.counters(ids?.split(',') ?? []) } });
  }
}
