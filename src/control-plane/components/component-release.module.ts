import { Module } from '@nestjs/common';
import { LeasesModule } from '../leases/leases.module.js';
import { PortMapRemovalModule } from '../port-maps/port-map-removal.module.js';
import { ComponentRelease } from './component-release.js';

/** Apart from ComponentsModule because gateways need it and components need gateways: no circles. */
@Module({ imports: [LeasesModule, PortMapRemovalModule], providers: [ComponentRelease], exports: [ComponentRelease] })
export class ComponentReleaseModule {}
