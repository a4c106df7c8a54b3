import { Module } from '@nestjs/common';
import { GatewaysModule } from '../gateways/gateways.module.js';
import { ResourceModule } from '../resource/resource.module.js';
import { UsageController } from './usage.controller.js';
import { UsageService } from './usage.service.js';

@Module({ imports: [GatewaysModule, ResourceModule], controllers: [UsageController], providers: [UsageService] })
export class UsageModule {}
