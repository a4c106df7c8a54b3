import { Module, type DynamicModule } from '@nestjs/common';
import type { Config } from '../../platform/config/config.js';
import { Database } from '../../platform/database/database.js';
import type { Log } from '../../platform/logging/log.js';
import { Metrics } from '../../platform/metrics/metrics.js';
import { EventSignal } from '../events/event-signal.js';
import { UnitsOfWork } from '../events/unit-of-work.js';
import { ResourceModule } from '../resource/resource.module.js';
import { DeadLettersController } from './dead-letters.controller.js';
import { DeadLettersService } from './dead-letters.service.js';
import { WebhookDispatcher } from './dispatcher.js';
import { Receiver } from './receiver.js';
import { SecretBox } from './secret-box.js';
import { WebhooksController } from './webhooks.controller.js';
import { WebhooksService } from './webhooks.service.js';

@Module({})
export class WebhooksModule {
  static with({ webhooks: settings, http: { publicUrl } }: Config, log: Log): DynamicModule {
    return {
      module: WebhooksModule,
      imports: [ResourceModule],
      controllers: [WebhooksController, DeadLettersController],
      providers: [
        { provide: Receiver, useFactory: () => new Receiver(new Set(settings.allow), settings.timeoutSeconds * 1000) },
        { provide: SecretBox, useFactory: () => new SecretBox(settings.secretKey) },
        WebhooksService,
        DeadLettersService,
        {
          provide: WebhookDispatcher,
          useFactory: (
            ...[database, units, receiver, box, metrics, signal]: [
              Database,
              UnitsOfWork,
              Receiver,
              SecretBox,
              Metrics,
              EventSignal,
            ]
          ) => new WebhookDispatcher({ database, units, receiver, box, settings, publicUrl, metrics, log }, signal),
          inject: [Database, UnitsOfWork, Receiver, SecretBox, Metrics, EventSignal],
        },
      ],
    };
  }
}
