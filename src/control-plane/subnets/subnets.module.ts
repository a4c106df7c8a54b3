import { Module } from '@nestjs/common';
import { CapacityModule } from '../capacity/capacity.module.js';
import { LeasesModule } from '../leases/leases.module.js';
import { ResourceModule } from '../resource/resource.module.js';
import { SubnetsController } from './subnets.controller.js';
import { SubnetsService } from './subnets.service.js';

@Module({
  imports: [ResourceModule, LeasesModule, CapacityModule],
  controllers: [SubnetsController],
  providers: [SubnetsService],
})
export class SubnetsModule {}
