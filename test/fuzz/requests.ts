import fc from 'fast-check';
import { nearlyValid, stand, valid } from './arbitrary.js';
import { nasty, nastyBody, nastyText } from './nasty.js';
import type { Wire } from './send.js';
import type { Operation, Parameter } from './spec.js';
import type { World } from './world.js';

/** A request of an operation before it is known what there is to ask for. */
export interface Draft {
  operation: Operation;
  /** Wire's path, with what stands for something. */
  path: string;
  headers: Record<string, string>;
  /** JSON to be, or bytes. */
  body?: unknown;
  /** Whose token. */
  who: string;
}

const often = <T>(usual: fc.Arbitrary<T>, rare: fc.Arbitrary<T>, weight: number): fc.Arbitrary<T> =>
  fc.oneof({ weight, arbitrary: usual }, { weight: 1, arbitrary: rare });

/** As a query or a path has it; what stands for something stays readable. */
const encoded = (value: unknown): string =>
  // eslint-disable-next-line no-control-regex -- the mark of what stands for something
  typeof value === 'string' && /^\u0001[\w-]+:\d$/.test(value)
    ? value
    : encodeURIComponent(text(value)).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16)}`);

/** Lone surrogates cannot be encoded. */
const text = (value: unknown): string =>
  Buffer.from((typeof value === 'string' ? value : JSON.stringify(value)).slice(0, 12_000)).toString();

const RAW_PATHS = ['%zz', '%', '%c0%af', '%ff', '%00', 'a%2fb', '%2e%2e', '~', '*', 'x'.repeat(400)];
const RAW_QUERIES = [
  '?',
  '?%',
  '?%zz=%zz',
  '?&&&',
  '?=',
  '?__proto__=1',
  '?limit',
  '?limit=1&limit=2',
  '?tag[]=1',
  '?tag=a&tag=b',
  `?name=${'x'.repeat(9000)}`,
];

function pathOf({ path, parameters }: Operation): fc.Arbitrary<string> {
  const collection = path.split('/')[1] ?? '';
  const parts = parameters
    .filter((parameter) => parameter.in === 'path')
    .map(({ name, schema }) =>
      fc
        .oneof(
          { weight: 12, arbitrary: (name === 'id' ? stand(collection) : valid(schema, name)).map(encoded) },
          { weight: 1, arbitrary: nastyText.filter((one) => one !== '').map((one) => encoded(one.slice(0, 200))) },
          { weight: 1, arbitrary: fc.constantFrom(...RAW_PATHS) },
        )
        .map((value) => [name, value] as const),
    );
  return fc
    .tuple(...parts)
    .map((values) => values.reduce((url, [name, value]) => url.replace(`{${name}}`, () => value), path));
}

function queryOf(parameters: readonly Parameter[]): fc.Arbitrary<string> {
  const declared = parameters.filter((parameter) => parameter.in === 'query');
  const one = (declaring: readonly Parameter[]): fc.Arbitrary<string> =>
    fc
      .constantFrom(...declaring)
      .chain(({ name, schema }) =>
        often(valid(schema, name), nasty, 6).map((value) =>
          (Array.isArray(value) ? value.slice(0, 20) : [value])
            .map((item) => `${encodeURIComponent(name)}=${encoded(item)}`)
            .join('&'),
        ),
      );
  const some =
    declared.length === 0
      ? fc.constant('')
      : fc.array(one(declared), { maxLength: 3 }).map((list) => (list.length === 0 ? '' : `?${list.join('&')}`));
  return fc.oneof(
    { weight: 30, arbitrary: some },
    { weight: 1, arbitrary: fc.constantFrom(...RAW_QUERIES) },
    { weight: 1, arbitrary: nastyText.map((name) => `?${encodeURIComponent(text(name).slice(0, 200))}=1`) },
  );
}

const MEDIA = [
  'text/plain',
  'application/json; charset=latin1',
  'application/vnd.ipam.pool+json; version=2.0.0',
  'multipart/form-data',
  '',
  '/',
  'application/merge-patch+json',
];
const ACCEPT = [
  '*/*',
  'application/json',
  'application/json;q=0.1',
  'text/html',
  'text/event-stream',
  'application/vnd.ipam.pools',
  ',',
  'x',
];
const TAGS = ['*', '"1"', '"2"', 'W/"1"', '"1", "2"', '1', '', ',', '"', 'é', '"99999999999999999999"'];
const KEYS = ['key-1', 'key-2', 'x'.repeat(300), '', ' ', 'é', '"quoted"'];
const ODD_HEADERS: [string, string][] = [
  ['range', 'bytes=0-1'],
  ['x-http-method-override', 'DELETE'],
  ['content-encoding', 'gzip'],
  ['last-event-id', 'x'],
  ['last-event-id', '1'],
  ['accept-encoding', 'br'],
  ['x-big', 'x'.repeat(9000)],
  ['host', 'evil'],
  ['forwarded', 'for=\u00e9'],
];

function headersOf({ parameters, body }: Operation): fc.Arbitrary<Record<string, string>> {
  const values: Record<string, readonly string[]> = {
    'If-Match': TAGS,
    'If-None-Match': TAGS,
    'Idempotency-Key': KEYS,
  };
  const declared = parameters
    .filter((parameter) => parameter.in === 'header')
    .map(({ name }) =>
      fc
        .option(fc.constantFrom(...(values[name] ?? ['1', 'x'])), { freq: 3 })
        .map((value) => [name.toLowerCase(), value] as const),
    );
  const type = often(fc.constantFrom(...Object.keys(body), 'application/json'), fc.constantFrom(...MEDIA), 15);
  const accept = fc.option(fc.constantFrom(...ACCEPT), { freq: 3 });
  const odd = often(fc.constant<[string, string]>(['accept', '*/*']), fc.constantFrom(...ODD_HEADERS), 15);
  return fc.tuple(fc.tuple(...declared), type, accept, odd).map(([list, contentType, accepted, [name, value]]) => ({
    [name]: value,
    ...Object.fromEntries(list.flatMap(([key, given]) => (given === null ? [] : [[key, given]]))),
    ...(accepted === null ? {} : { accept: accepted }),
    ...(Object.keys(body).length === 0 ? {} : { 'content-type': contentType }),
  }));
}

/** Bodies whose members must fit together, by operation: chance would hardly find them. */
const FITTING: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  createSubnet: fc
    .nat({ max: 65_535 })
    .map((n) => ({ cidr: `10.${100 + (n >> 10)}.${(n >> 2) & 255}.${(n & 3) << 6}/26` })),
  createPortMap: fc
    .tuple(stand('gateways'), fc.nat({ max: 255 }))
    .map(([gateway, n]) => ({ gateway, address: `10.30.0.${n}`, targetPort: 22 })),
  createComponent: fc
    .tuple(stand('gateways'), fc.uuid())
    .map(([gateway, name]) => ({ gateway, name, kind: 'centos', count: 2 })),
};

function bodyOf({ id, body }: Operation): fc.Arbitrary<unknown> {
  const schema = body['application/json']?.schema;
  if (schema === undefined) return often(fc.constant(undefined), nastyBody as fc.Arbitrary<unknown>, 20);
  return fc.oneof(
    { weight: 6, arbitrary: often(FITTING[id] ?? valid(schema), valid(schema), 2) },
    { weight: 4, arbitrary: nearlyValid(schema) },
    { weight: 1, arbitrary: nasty },
    { weight: 1, arbitrary: nastyBody },
  );
}

const WHO = fc.oneof(
  { weight: 12, arbitrary: fc.constant('admin') },
  { weight: 5, arbitrary: fc.constantFrom('member', 'reader', 'gateway', 'nobody', 'liar') },
);

/** Requests of an operation: what it takes, nearly that, and what nobody should send. */
export const draftOf = (operation: Operation): fc.Arbitrary<Draft> =>
  fc
    .tuple(pathOf(operation), queryOf(operation.parameters), headersOf(operation), bodyOf(operation), WHO)
    .map(([path, query, headers, body, who]) => ({
      ...{ operation, path: path + query, headers, body, who },
      [fc.toStringMethod]: () => operation.id,
    }));

/** The request that a draft is in a world. */
export function wireOf({ operation: { method }, path, headers, body, who }: Draft, world: World): Wire {
  const token = world.tokens[who] ?? '';
  return {
    method,
    path: world.real(path),
    headers: { ...headers, ...(token === '' ? {} : { authorization: `Bearer ${token}` }) },
    ...(body === undefined
      ? {}
      : { body: Buffer.isBuffer(body) ? body : Buffer.from(world.real(JSON.stringify(body))) }),
  };
}
