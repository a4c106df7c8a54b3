import type { OpenAPIObject } from '@nestjs/swagger';
import { ComponentDocument } from '../components/component.dto.js';
import {
  GatewayDriftData,
  GatewayReachabilityData,
  PoolThresholdData,
  WebhookDisabledData,
} from '../events/event-data.dto.js';
import { EVENT_VERBS, EVENT_VERSION, eventType, NOUNS, type Noun, type Verb } from '../events/event-types.js';
import { GatewayDocument } from '../gateways/gateway.dto.js';
import { LeaseDocument } from '../leases/lease.dto.js';
import { PoolDocument } from '../pools/pool.dto.js';
import { PortMapDocument } from '../port-maps/port-map.dto.js';
import { QuotaDocument } from '../quotas/quota.dto.js';
import { ReservationDocument } from '../reservations/reservation.dto.js';
import { SubnetDocument } from '../subnets/subnet.dto.js';
import { WebhookDocument } from '../webhooks/webhook.dto.js';
import { componentSchema, type JsonSchema } from './json-schema.js';

const DOCUMENTS: Record<Noun, { name: string }> = {
  pool: PoolDocument,
  subnet: SubnetDocument,
  reservation: ReservationDocument,
  lease: LeaseDocument,
  gateway: GatewayDocument,
  'port-map': PortMapDocument,
  component: ComponentDocument,
  quota: QuotaDocument,
  webhook: WebhookDocument,
};

/** What is told in place of the resource. */
const OTHERS: Readonly<Record<string, { name: string }>> = {
  'gateway drift': GatewayDriftData,
  'gateway reachability': GatewayReachabilityData,
  'pool threshold': PoolThresholdData,
  'pool threshold-cleared': PoolThresholdData,
  'webhook disabled': WebhookDisabledData,
};

/** Classes that the OpenAPI document has because of their events only. */
export const EVENT_MODELS = [GatewayDriftData, GatewayReachabilityData, PoolThresholdData, WebhookDisabledData];

/** After these the resource is another than before. */
const CHANGES: ReadonlySet<Verb> = new Set(['updated', 'renewed', 'status', 'removing']);

const CHANGED: JsonSchema = {
  type: 'object',
  description: 'The fields that are not what they were, each with the value that it had; version and updatedAt apart.',
  additionalProperties: { type: 'object', properties: { from: {} }, required: ['from'] },
};

/** Of leases and reservations it is told who ended them and why. */
const ENDING: Record<string, JsonSchema> = {
  releasedBy: { type: ['string', 'null'], description: 'Who ended it, by principal name; null when time did.' },
  reason: {
    type: ['string', 'null'],
    description:
      'Why: what was given, or `expired`, `component deleted`, `pool deleted` and the like; null for nothing.',
  },
};
/** Of reservations that go with their pool or subnet the rest is left out: they may be millions. */
const LEFT_OUT = new Set(['leases', 'poolMetadata', 'subnetMetadata']);

export interface EventData {
  noun: Noun;
  verb: Verb;
  /** As events show it, with the version. */
  type: string;
  schema: JsonSchema;
}

/** The schema of what each type of event tells, made of the documents that the API answers with. */
export function eventData(document: OpenAPIObject): EventData[] {
  return NOUNS.flatMap((noun) =>
    EVENT_VERBS[noun].map((verb: Verb) => {
      const type = `${eventType({ noun, verb })}.${EVENT_VERSION}`;
      const { name } = OTHERS[`${noun} ${verb}`] ?? DOCUMENTS[noun];
      return { noun, verb, type, schema: { title: type, ...withMore(noun, verb, componentSchema(document, name)) } };
    }),
  );
}

function withMore(noun: Noun, verb: Verb, { properties = {}, required = [], ...schema }: JsonSchema): JsonSchema {
  if (CHANGES.has(verb)) {
    return { ...schema, properties: { ...properties, changed: CHANGED }, required: [...required, 'changed'] };
  }
  if (verb === 'deleted' && (noun === 'lease' || noun === 'reservation')) {
    const always = noun === 'lease' ? required : required.filter((field) => !LEFT_OUT.has(field));
    return { ...schema, properties: { ...properties, ...ENDING }, required: [...always, ...Object.keys(ENDING)] };
  }
  return { ...schema, properties, required };
}
