import { Module } from '@nestjs/common';
import { GatewaysModule } from '../gateways/gateways.module.js';
import { ResourceModule } from '../resource/resource.module.js';
import { BadRecordsService } from './bad-records.service.js';
import { ReachabilityController } from './reachability.controller.js';
import { ReachabilityService } from './reachability.service.js';

@Module({
  imports: [GatewaysModule, ResourceModule],
  controllers: [ReachabilityController],
  providers: [ReachabilityService, BadRecordsService],
})
export class ReachabilityModule {}
