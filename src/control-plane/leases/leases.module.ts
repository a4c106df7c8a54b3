import { Module } from '@nestjs/common';
import { PortMapRemovalModule } from '../port-maps/port-map-removal.module.js';
import { ResourceModule } from '../resource/resource.module.js';
import { LeaseRelease } from './lease-release.js';
import { LeasesController } from './leases.controller.js';
import { LeasesService } from './leases.service.js';

@Module({
  imports: [ResourceModule, PortMapRemovalModule],
  controllers: [LeasesController],
  providers: [LeasesService, LeaseRelease],
  exports: [LeaseRelease],
})
export class LeasesModule {}
