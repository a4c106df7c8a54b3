import { Module, type DynamicModule } from '@nestjs/common';
import { checkedCidr } from '../../ip/cidr.js';
import type { Config } from '../../platform/config/config.js';
import { Database } from '../../platform/database/database.js';
import type { Log } from '../../platform/logging/log.js';
import { EventSignal } from '../events/event-signal.js';
import { EventsModule } from '../events/events.module.js';
import { PortMapsModule } from '../port-maps/port-maps.module.js';
import { PortMapsService } from '../port-maps/port-maps.service.js';
import { AuthService } from './auth-service.js';
import { tokenKeys } from './token-keys.js';
import { VlabAuth } from './vlab-auth.js';
import { VlabFace } from './vlab-face.js';
import { VlabGateways } from './vlab-gateways.js';
import { VlabListener, type VlabListenerSettings } from './vlab-listener.js';
import { VlabOperations } from './vlab-operations.js';
import { VlabPortMaps } from './vlab-port-maps.js';

type Settings = Config['vlab'];

/** The version that healthcheck told of vlab_ipam_api; clients show it. */
const VERSION = '2019.7.3';

@Module({})
export class VlabModule {
  static with({ vlab }: Config, log: Log): DynamicModule {
    return {
      module: VlabModule,
      imports: [PortMapsModule, EventsModule],
      providers: [
        VlabGateways,
        VlabOperations,
        {
          provide: VlabPortMaps,
          useFactory: (db: Database, maps: PortMapsService, signal: EventSignal) =>
            new VlabPortMaps(db, maps, signal, vlab),
          inject: [Database, PortMapsService, EventSignal],
        },
        {
          provide: VlabListener,
          useFactory: (operations: VlabOperations) =>
            new VlabListener(listenerSettings(vlab), face(vlab, operations, log), log),
          inject: [VlabOperations],
        },
      ],
    };
  }
}

function listenerSettings({ host, port, certFile, keyFile }: Settings): VlabListenerSettings | undefined {
  if (port === undefined) return undefined;
  const files = certFile === undefined || keyFile === undefined ? undefined : { cert: certFile, key: keyFile };
  return { host, port, ...(files !== undefined && { certificate: files }) };
}

function face(settings: Settings, operations: VlabOperations, log: Log): VlabFace | undefined {
  const { url, trustedProxies } = settings;
  if (settings.port === undefined || url === undefined) return undefined;
  const base = url.replace(/\/+$/, '');
  const service = new AuthService({
    keyUrl: settings.keyUrl ?? `${base}/api/1/auth/key`,
    tokenUrl: `${base}/api/2/auth/token`,
    checkCertificate: settings.production === 'true',
    revocation: settings.verifyToken ? settings.verifyTokenAway : 'off',
  });
  const trusted = (trustedProxies ?? []).map(checkedCidr);
  const auth = new VlabAuth({ issuer: url, trusted }, tokenKeys(settings, service), service);
  return new VlabFace({ url, version: VERSION }, auth, operations, log);
}
