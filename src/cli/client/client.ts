import createClient, { type Client } from 'openapi-fetch';
import { writeJson } from '../../platform/json/json-text.js';
import type { components, paths } from './schema.js';
import { transport, type TransportSettings } from './transport.js';

/** The API, typed by its OpenAPI document. */
export type Api = Client<paths>;

type Schemas = components['schemas'];
export type Pool = Schemas['PoolDocument'];
export type Subnet = Schemas['SubnetDocument'];
export type Reservation = Schemas['ReservationDocument'];
export type Capacity = Schemas['CapacityReport'];
export type BulkRequest = Schemas['BulkRequest'];
export type BulkResult = Schemas['BulkResult'];
export type Quota = Schemas['QuotaDocument'];
export type Lease = Schemas['LeaseDocument'];
export type Gateway = Schemas['GatewayDocument'];
export type NewPortMap = Schemas['NewPortMap'];
export type PortMap = Schemas['PortMapDocument'];
export type ComponentOf = Schemas['ComponentDocument'];
export type ComponentKind = Schemas['ComponentKind'];
export type Webhook = Schemas['WebhookDocument'];
export type DeadLetter = Schemas['DeadLetter'];
export type Event = Schemas['EventDocument'];

export function createApi(settings: TransportSettings): Api {
  return createClient<paths>({
    baseUrl: settings.url,
    fetch: transport(settings),
    // Metadata is sent as it was typed: JSON.stringify would change large integers.
    bodySerializer: writeJson,
  });
}
