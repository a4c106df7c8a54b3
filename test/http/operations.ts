import { readFileSync } from 'node:fs';
import type { Api } from '../support/api.js';

export interface Schema {
  $ref?: string;
  type?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  allOf?: Schema[];
  enum?: unknown[];
  nullable?: boolean;
  format?: string;
}

/** One route as the OpenAPI document has it. */
export interface Operation {
  id: string;
  method: string;
  path: string;
  query: { name: string; required?: boolean; schema: Schema }[];
  /** Names of the headers that it reads. */
  headers: string[];
  /** Schema of the body that it reads, resolved. */
  body?: Schema;
}

interface Document {
  paths: Record<string, Record<string, RawOperation>>;
  components: { schemas: Record<string, Schema> };
}

interface RawOperation {
  operationId: string;
  parameters?: { in: string; name: string; required?: boolean; schema: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
}

const document = JSON.parse(readFileSync(new URL('../../openapi/openapi.json', import.meta.url), 'utf8')) as Document;

export function resolve(schema: Schema): Schema {
  const only = schema.allOf?.[0];
  if (only !== undefined) return resolve(only);
  if (schema.$ref === undefined) return schema;
  return document.components.schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {};
}

/** Every route there is: a test that walks them forgets none. */
export const OPERATIONS: readonly Operation[] = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => {
    const body = operation.requestBody?.content['application/json']?.schema;
    return {
      id: operation.operationId,
      method: method.toUpperCase(),
      path,
      headers: (operation.parameters ?? []).filter((parameter) => parameter.in === 'header').map(({ name }) => name),
      query: (operation.parameters ?? []).filter((parameter) => parameter.in === 'query'),
      // a file is no object with fields
      ...(body === undefined || body.format === 'binary' ? {} : { body: resolve(body) }),
    };
  }),
);

export const PATHS: readonly string[] = Object.keys(document.paths);

/** The methods of a path; of one with a word where another has an id, those of the other too. */
export const methodsOf = (path: string): string[] => [
  ...new Set(
    OPERATIONS.filter((operation) => new RegExp(`^${operation.path.replace(/\{\w+\}/g, '[^/]+')}$`).test(path)).map(
      ({ method }) => method,
    ),
  ),
];

/** One of each kind of resource. */
export interface Fixture {
  pools: string;
  subnets: string;
  reservations: string;
  leases: string;
  gateways: string;
  'port-maps': string;
  components: string;
  webhooks: string;
}

export async function makeFixture(api: Api): Promise<Fixture> {
  const { gateway, pool, subnet } = await api.gateway();
  const reservation = await api.make(`/subnets/${subnet}/reservations`, {});
  const map = await api.make('/port-maps', { gateway, address: '10.30.0.1', targetPort: 22 });
  const component = await api.make('/components', { name: 'fixture', kind: 'centos', gateway });
  // of everybody, without a limit: every role may see it
  await api.put('/quotas/*', {});
  // disabled, so that it stays as it is
  const webhook = await api.make('/webhooks', { url: 'https://receiver.example/', enabled: false });
  return {
    pools: pool,
    subnets: subnet,
    reservations: reservation.id as string,
    leases: reservation.leases[0].id as string,
    gateways: gateway,
    'port-maps': map.id as string,
    components: component.id as string,
    webhooks: webhook.id as string,
  };
}

/** What stands in paths for what is no id. */
const WORDS: Readonly<Record<string, string>> = {
  owner: '*',
  address: '10.20.0.1',
  protocol: 'tcp',
  port: '50000',
  schema: 'ipam.lease.created.v1.json',
  event: '0192f0c1-7a3e-7c11-9d0a-3b5f6c7d8e9f',
};

/** The path of an operation with an id in it: by default the one of the fixture. */
export function pathOf({ path }: Pick<Operation, 'path'>, fixture: Fixture, id?: string): string {
  const collection = path.split('/')[1] as keyof Fixture;
  return path.replace(/\{(\w+)\}/g, (part, name: string) =>
    name === 'id' ? (id ?? fixture[collection]) : (WORDS[name] ?? part),
  );
}

/**
 * Whether an operation that is no read changes no resource: a report of what a gateway sees or counts, or something done with
 * the deliveries of a webhook.
 */
export const changesNoResource = ({ id }: Operation): boolean =>
  /^(putStatus|putReachability|putUsage|testWebhook|(replay|delete)DeadLetters?)$/.test(id);

/** The smallest body that an operation would take. */
export function goodBody({ id }: Operation, fixture: Fixture): Record<string, unknown> {
  switch (id) {
    case 'createSubnet':
      return { start: '172.16.0.1', end: '172.16.0.9' };
    case 'createGateway':
      return { name: 'another', externalAddress: '192.0.2.77' };
    case 'createPortMap':
      return { gateway: fixture.gateways, address: '10.30.0.2', targetPort: 80 };
    case 'createComponent':
      return { name: 'another', kind: 'x', gateway: fixture.gateways, ports: [{ targetPort: 22 }] };
    case 'createWebhook':
      return { url: 'https://another.example/' };
    case 'putStatus':
      return { generation: 0, mode: 'plan', maps: [], gone: [] };
    case 'putUsage':
      return { epoch: '0123456789abcdef', maps: [] };
    case 'putReachability':
      return { results: [], gone: [] };
    default:
      return {};
  }
}
