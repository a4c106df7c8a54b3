import { Module, type DynamicModule } from '@nestjs/common';
import type { Config } from '../../platform/config/config.js';
import { Database } from '../../platform/database/database.js';
import { Metrics } from '../../platform/metrics/metrics.js';
import { MetricsController, OpenMetricsController } from './metrics.controller.js';
import { MetricsService } from './metrics.service.js';

@Module({})
export class MetricsModule {
  static with({ metrics, nats }: Config): DynamicModule {
    return {
      module: MetricsModule,
      controllers: [metrics.access === 'anyone' ? OpenMetricsController : MetricsController],
      providers: [
        {
          provide: MetricsService,
          useFactory: (db: Database, counted: Metrics) => new MetricsService(db, counted, nats.url !== undefined),
          inject: [Database, Metrics],
        },
      ],
    };
  }
}
