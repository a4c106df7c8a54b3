import { Module } from '@nestjs/common';
import { GatewaysModule } from '../gateways/gateways.module.js';
import { ResourceModule } from '../resource/resource.module.js';
import { PortMapRemovalModule } from './port-map-removal.module.js';
import { PortMapsController } from './port-maps.controller.js';
import { PortMapsService } from './port-maps.service.js';

@Module({
  imports: [ResourceModule, GatewaysModule, PortMapRemovalModule],
  controllers: [PortMapsController],
  providers: [PortMapsService],
  exports: [PortMapsService],
})
export class PortMapsModule {}
