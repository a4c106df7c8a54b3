import { Module, type DynamicModule } from '@nestjs/common';
import type { Config } from '../../platform/config/config.js';
import { BusController } from './bus.controller.js';
import { BusRoutes } from './bus-routes.js';

/** Without BUS_API it has nothing. */
@Module({})
export class BusModule {
  static with({ bus }: Config): DynamicModule {
    if (bus.api === 'off') return { module: BusModule };
    return { module: BusModule, controllers: [BusController], providers: [BusRoutes] };
  }
}
