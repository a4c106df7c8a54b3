import { Module } from '@nestjs/common';
import { GatewaysModule } from '../gateways/gateways.module.js';
import { ResourceModule } from '../resource/resource.module.js';
import { ComponentReleaseModule } from './component-release.module.js';
import { ComponentsController } from './components.controller.js';
import { ComponentsService } from './components.service.js';

@Module({
  imports: [ResourceModule, GatewaysModule, ComponentReleaseModule],
  controllers: [ComponentsController],
  providers: [ComponentsService],
})
export class ComponentsModule {}
