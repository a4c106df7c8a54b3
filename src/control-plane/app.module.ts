import { Global, Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { Authenticator } from '../platform/auth/authenticator.js';
import type { Config } from '../platform/config/config.js';
import { Database } from '../platform/database/database.js';
import { dataSourceOptions } from '../platform/database/data-source.js';
import { KnownPaths } from '../platform/http/known-paths.js';
import { PlainListener } from '../platform/http/plain-listener.js';
import type { Log } from '../platform/logging/log.js';
import { Metrics } from '../platform/metrics/metrics.js';
import { ProblemFilter } from '../platform/problem/problem.filter.js';
import { QuarantineSweeper } from './allocation/quarantine-sweeper.js';
import { AsyncapiModule } from './asyncapi/asyncapi.module.js';
import { BusModule } from './bus/bus.module.js';
import { CapacityModule } from './capacity/capacity.module.js';
import { CapacityRollUp } from './capacity/roll-up.js';
import { ComponentEntity } from './components/component.entity.js';
import { ComponentKinds } from './components/component-kinds.js';
import { ComponentsModule } from './components/components.module.js';
import { DnsModule } from './dns/dns-zones.controller.js';
import { LeaseNames } from './dns/lease-names.js';
import { EventListener } from './events/event-listener.js';
import { EventPublisher } from './events/event-publisher.js';
import { EventSignal } from './events/event-signal.js';
import { EventTerms } from './events/event-terms.js';
import { EventsModule } from './events/events.module.js';
import { linkSettings } from './events/link-settings.js';
import { OutboxSweeper } from './events/outbox-sweeper.js';
import { Relay } from './events/relay.js';
import { UnitsOfWork } from './events/unit-of-work.js';
import { GatewayEntity, GatewayPortsEntity } from './gateways/gateway.entity.js';
import { GatewaysModule } from './gateways/gateways.module.js';
import { HealthController } from './health/health.controller.js';
import { HistoryModule } from './history/history.module.js';
import { HistorySweeper } from './history/history-sweeper.js';
import { HooksModule } from './hooks/hooks.module.js';
import { LeaseEntity } from './leases/lease.entity.js';
import { LeaseRelease } from './leases/lease-release.js';
import { LeasesModule } from './leases/leases.module.js';
import { MeModule } from './me/me.module.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { PoolEntity } from './pools/pool.entity.js';
import { PoolsModule } from './pools/pools.module.js';
import { PortMapEntity } from './port-maps/port-map.entity.js';
import { PortMapExpiry } from './port-maps/port-map-expiry.js';
import { PortMapRemoval } from './port-maps/port-map-removal.js';
import { PortMapRemovalModule } from './port-maps/port-map-removal.module.js';
import { PortMapsModule } from './port-maps/port-maps.module.js';
import { ExpirySignal } from './reservations/expiry-signal.js';
import { ExpirySweeper } from './reservations/expiry-sweeper.js';
import { RequestLimits } from './quotas/request-limits.js';
import { QuotasModule } from './quotas/quotas.module.js';
import { ReachabilityModule } from './reachability/reachability.module.js';
import { ReservationEntity } from './reservations/reservation.entity.js';
import { ReservationsModule } from './reservations/reservations.module.js';
import { IdempotencySweeper } from './resource/idempotency-sweeper.js';
import { SubnetEntity } from './subnets/subnet.entity.js';
import { SubnetsModule } from './subnets/subnets.module.js';
import { UsageModule } from './usage/usage.module.js';
import { UsageSweeper } from './usage/usage-sweeper.js';
import { TransferModule } from './transfer/transfer.module.js';
import { VlabModule } from './vlab/vlab.module.js';
import { WebhookEntity } from './webhooks/webhook.entity.js';
import { WebhooksModule } from './webhooks/webhooks.module.js';

const ENTITIES = [
  PoolEntity,
  SubnetEntity,
  ReservationEntity,
  LeaseEntity,
  GatewayEntity,
  GatewayPortsEntity,
  PortMapEntity,
  ComponentEntity,
  WebhookEntity,
];

/** Of the relay's own, so that events do not queue behind requests: the sequencer, the publisher, and its reading ahead. */
const RELAY_CONNECTIONS = 3;

/** What every module may inject: the connection to PostgreSQL and the routes that exist. */
@Global()
@Module({})
class PlatformModule {
  static with(config: Config, log: Log): DynamicModule {
    const { url, poolSize } = config.database;
    return {
      module: PlatformModule,
      providers: [
        { provide: Database, useFactory: () => new Database(dataSourceOptions(url, poolSize, ENTITIES)) },
        { provide: Authenticator, useFactory: () => new Authenticator(config.auth) },
        {
          provide: ExpirySignal,
          useFactory: () => new ExpirySignal(config.reservations.expiryNoticeSeconds),
        },
        KnownPaths,
        { provide: PlainListener, useFactory: () => new PlainListener(config.rackhd) },
        { provide: ComponentKinds, useFactory: () => ComponentKinds.of(config.components.kinds) },
        Metrics,
        {
          provide: EventTerms,
          useFactory: () => new EventTerms(config.http.publicUrl, config.limits.eventSubscribers),
        },
        { provide: RequestLimits, useFactory: () => new RequestLimits(config.limits.addressesPerRequest) },
        { provide: APP_FILTER, useFactory: (paths: KnownPaths) => new ProblemFilter(paths, log), inject: [KnownPaths] },
      ],
      exports: [
        ...[Database, Authenticator, ComponentKinds, ExpirySignal, KnownPaths, RequestLimits, EventTerms, Metrics],
      ],
    };
  }
}

/** The loops of the control plane: relay, listener, sweepers, roll-up. */
@Module({})
class LoopsModule {
  static with({ database, nats, outbox, history, usage, capacity, dns, http }: Config, log: Log): DynamicModule {
    const link = linkSettings(nats);
    const publisher = (db: Database, metrics: Metrics): EventPublisher | undefined =>
      link === undefined ? undefined : new EventPublisher(db, link, http.publicUrl, metrics, log);
    return {
      module: LoopsModule,
      imports: [EventsModule, LeasesModule, PortMapRemovalModule],
      providers: [
        {
          provide: Relay,
          useFactory: (signal: EventSignal, metrics: Metrics) => {
            const own = new Database(dataSourceOptions(database.url, RELAY_CONNECTIONS));
            return new Relay(own, signal, publisher(own, metrics), log);
          },
          inject: [EventSignal, Metrics],
        },
        {
          provide: OutboxSweeper,
          useFactory: (db: Database) => new OutboxSweeper(db, outbox.days, link !== undefined, log),
          inject: [Database],
        },
        {
          provide: IdempotencySweeper,
          useFactory: (db: Database) => new IdempotencySweeper(db, log),
          inject: [Database],
        },
        {
          provide: HistorySweeper,
          useFactory: (db: Database) => new HistorySweeper(db, history.days, log),
          inject: [Database],
        },
        {
          provide: UsageSweeper,
          useFactory: (db: Database) => new UsageSweeper(db, usage.days, log),
          inject: [Database],
        },
        {
          provide: ExpirySweeper,
          useFactory: (db: Database, units: UnitsOfWork, release: LeaseRelease, signal: ExpirySignal) =>
            new ExpirySweeper(db, units, release, signal, log),
          inject: [Database, UnitsOfWork, LeaseRelease, ExpirySignal],
        },
        {
          provide: PortMapExpiry,
          useFactory: (db: Database, units: UnitsOfWork, removal: PortMapRemoval) =>
            new PortMapExpiry(db, units, removal, log),
          inject: [Database, UnitsOfWork, PortMapRemoval],
        },
        {
          provide: QuarantineSweeper,
          useFactory: (db: Database) => new QuarantineSweeper(db, log),
          inject: [Database],
        },
        {
          provide: CapacityRollUp,
          useFactory: (db: Database, units: UnitsOfWork) => new CapacityRollUp(db, units, capacity, log),
          inject: [Database, UnitsOfWork],
        },
        {
          provide: LeaseNames,
          useFactory: (db: Database, signal: EventSignal, metrics: Metrics) =>
            new LeaseNames(db, signal, metrics, dns, log),
          inject: [Database, EventSignal, Metrics],
        },
        {
          provide: EventListener,
          useFactory: (signal: EventSignal) => new EventListener(database.url, signal, log),
          inject: [EventSignal],
        },
      ],
    };
  }
}

@Module({})
export class AppModule {
  static with(config: Config, log: Log): DynamicModule {
    return {
      module: AppModule,
      imports: [
        PlatformModule.with(config, log),
        EventsModule,
        AsyncapiModule,
        PoolsModule,
        SubnetsModule,
        ReservationsModule,
        LeasesModule,
        ReachabilityModule,
        CapacityModule,
        GatewaysModule,
        PortMapsModule,
        ComponentsModule,
        QuotasModule,
        MeModule,
        DnsModule,
        HistoryModule,
        UsageModule,
        MetricsModule.with(config),
        TransferModule.with(config, log),
        HooksModule.with(config, log),
        BusModule.with(config),
        VlabModule.with(config, log),
        WebhooksModule.with(config, log),
        LoopsModule.with(config, log),
      ],
      controllers: [HealthController],
    };
  }
}
