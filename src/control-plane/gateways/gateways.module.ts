import { Module } from '@nestjs/common';
import { ComponentReleaseModule } from '../components/component-release.module.js';
import { PortMapRemovalModule } from '../port-maps/port-map-removal.module.js';
import { ResourceModule } from '../resource/resource.module.js';
import { DesiredStateService } from './desired-state.service.js';
import { DriftService } from './drift.service.js';
import { GatewayLookup } from './gateway-lookup.js';
import { GatewayRemoval } from './gateway-removal.js';
import { GatewaysController } from './gateways.controller.js';
import { GatewaysService } from './gateways.service.js';

@Module({
  imports: [ResourceModule, PortMapRemovalModule, ComponentReleaseModule],
  controllers: [GatewaysController],
  providers: [GatewaysService, DesiredStateService, DriftService, GatewayLookup, GatewayRemoval],
  exports: [GatewayLookup],
})
export class GatewaysModule {}
