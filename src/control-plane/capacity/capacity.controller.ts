import { Controller, Get, Param } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Reply } from '../../platform/http/reply.js';
import { Route } from '../../platform/http/route.js';
import { CapacityReport } from './capacity.dto.js';
import { CapacityService } from './capacity.service.js';

const READERS = ['member', 'reader'] as const;

@ApiTags('capacity')
@Controller()
export class CapacityController {
  constructor(private readonly capacity: CapacityService) {}

  /** Counts a pool now: addresses by state, free blocks by length, and when it will be full. */
  @Get('pools/:id/capacity')
  @Route({ access: READERS, problems: ['not-found'] })
  @ApiOkResponse({ type: CapacityReport })
  getPoolCapacity(@Param('id') id: string): Promise<Reply> {
    return this.capacity.report('pool', id);
  }

  /** Counts a subnet now: addresses by state, free blocks by length, and when it will be full. */
  @Get('subnets/:id/capacity')
  @Route({ access: READERS, problems: ['not-found'] })
  @ApiOkResponse({ type: CapacityReport })
  getSubnetCapacity(@Param('id') id: string): Promise<Reply> {
    return this.capacity.report('subnet', id);
  }
}
