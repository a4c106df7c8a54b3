import { Module, type DynamicModule } from '@nestjs/common';
import type { Config } from '../../platform/config/config.js';
import type { Log } from '../../platform/logging/log.js';
import { Metrics } from '../../platform/metrics/metrics.js';
import { NatsLink } from '../../platform/nats/link.js';
import { Hooks } from './hooks.js';

/** Without HOOKS it has nothing: no connection, no question. */
@Module({})
export class HooksModule {
  static with({ nats: { url }, hooks: { rules, timeoutMs, onSilence } }: Config, log: Log): DynamicModule {
    if (url === undefined || rules === undefined) return { module: HooksModule };
    const provider = {
      provide: Hooks,
      useFactory: (metrics: Metrics) =>
        new Hooks({ rules, timeoutMs, onSilence }, new NatsLink(url, 'berth hooks', log), metrics, log),
      inject: [Metrics],
    };
    return { module: HooksModule, providers: [provider] };
  }
}
