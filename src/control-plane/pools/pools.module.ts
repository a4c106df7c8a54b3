import { Module } from '@nestjs/common';
import { CapacityModule } from '../capacity/capacity.module.js';
import { LeasesModule } from '../leases/leases.module.js';
import { ResourceModule } from '../resource/resource.module.js';
import { PoolsController } from './pools.controller.js';
import { PoolsService } from './pools.service.js';

@Module({
  imports: [ResourceModule, LeasesModule, CapacityModule],
  controllers: [PoolsController],
  providers: [PoolsService],
})
export class PoolsModule {}
