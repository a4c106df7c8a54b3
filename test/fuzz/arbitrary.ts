import fc from 'fast-check';
import { nasty } from './nasty.js';
import { resolve, type Schema } from './spec.js';

/**
 * A text that stands for something of the world that only is known when the request is sent: `\u0001<kind>:<number>`; see
 * World.real.
 */
export const stand = (kind: string): fc.Arbitrary<string> => fc.nat({ max: 7 }).map((n) => `\u0001${kind}:${n}`);

const octet = fc.nat({ max: 255 });
const IPV4 = octet.map((n) => `10.20.0.${n}`);
const NETWORK = fc.tuple(octet, fc.integer({ min: 20, max: 30 })).map(([n, length]) => `10.${n}.0.0/${length}`);
const IPV6 = fc.nat({ max: 65_535 }).map((n) => `2001:db8::${n.toString(16)}`);
const IP = fc.oneof(
  { weight: 5, arbitrary: IPV4 },
  { weight: 1, arbitrary: IPV6 },
  { weight: 4, arbitrary: stand('address') },
);
const WORD = fc.constantFrom('win1', 'lab', 'north', 'kim', 'é 1', 'rack 12');
const SOON = fc.constantFrom('2036-01-01T00:00:00Z', '2035-05-05T12:00:00.5+02:00');

/** What a text holds, by the name of its property, parameter or list. */
const BY_NAME: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  ...Object.fromEntries(
    ['pool', 'subnet', 'reservation', 'lease', 'gateway', 'component'].map((noun) => [noun, stand(`${noun}s`)]),
  ),
  id: fc.oneof(fc.uuid({ version: 7 }), stand('pools'), stand('reservations')),
  release: stand('reservations'),
  gone: stand('port-maps'),
  address: IP,
  addresses: IP,
  externalAddress: fc.oneof(IPV4, IPV6, stand('external')),
  start: IPV4,
  end: IPV4,
  gatewayAddress: IP,
  cidr: fc.oneof(NETWORK, fc.constant('2001:db8::/64')),
  within: NETWORK,
  networks: NETWORK,
  sources: NETWORK,
  supernets: fc.constantFrom('10.0.0.0/8', '2001:db8::/32', '192.168.0.0/16'),
  ranges: fc.constantFrom('10.20.0.5', '10.20.0.10-10.20.0.20'),
  kind: fc.constantFrom('windows', 'centos', 'router', 'zebra'),
  owner: fc.constantFrom('kim', 'root', 'blue', '*'),
  cursor: stand('cursor'),
  metadata: fc.constantFrom('rack:12', ':text', 'a.b:true'),
  ruleId: fc.constant('berth1:0123456789abcdef'),
  ifMatch: fc.constantFrom('"1"', '*', '"9"'),
  protocol: fc.constantFrom('tcp', 'udp'),
  port: fc.constantFrom('50000', '50001', '22'),
  type: fc.constantFrom('ipam.lease.created', 'ipam.pool.'),
};

const NUMBERS: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  // a long poll that waits would only cost time
  wait: fc.constant(0),
  ttl: fc.integer({ min: 1, max: 7200 }),
  count: fc.integer({ min: 1, max: 5 }),
  first: fc.integer({ min: 1, max: 9 }),
  connectionPort: fc.integer({ min: 50_000, max: 50_100 }),
  generation: fc.nat({ max: 5 }),
};

/** A value that the schema takes. `name`: what it is the value of. */
export function valid(schema: Schema, name = ''): fc.Arbitrary<unknown> {
  if (schema.nullable === true) {
    const { nullable: _, ...rest } = schema;
    return fc.oneof({ weight: 5, arbitrary: valid(rest, name) }, { weight: 1, arbitrary: fc.constant(null) });
  }
  if (schema.oneOf !== undefined) return fc.oneof(...schema.oneOf.map((part) => valid(part, name)));
  const {
    type,
    enum: values,
    format,
    minimum = 0,
    maximum,
    minItems = 0,
    maxItems,
    items = {},
    properties,
    required,
  } = resolve(schema);
  if (values !== undefined) return fc.constantFrom(...values);
  switch (type) {
    case 'string':
      if (format === 'date-time') return SOON;
      return BY_NAME[name] ?? WORD;
    case 'integer':
    case 'number':
      return NUMBERS[name] ?? fc.integer({ min: minimum, max: Math.min(maximum ?? 100, minimum + 1000) });
    case 'boolean':
      return fc.boolean();
    case 'array':
      return fc.array(valid(items, name), { minLength: minItems, maxLength: Math.min(maxItems ?? 3, minItems + 2) });
    case 'object': {
      const parts = properties ?? {};
      const optional = Object.keys(parts).filter((key) => required?.includes(key) !== true);
      // few of the optional ones at a time: some exclude others
      return fc
        .subarray(optional, { maxLength: Math.min(3, optional.length) })
        .chain((kept) =>
          fc.record(
            Object.fromEntries(
              [...(required ?? []), ...kept].map((key) => [key, valid(parts[key] ?? {}, key)] as const),
            ),
          ),
        );
    }
    default:
      return fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constant({ rack: 12 }));
  }
}

/** What the schema takes but for one thing: a value changed, left out, or one more. */
export function nearlyValid(schema: Schema): fc.Arbitrary<unknown> {
  const names = Object.keys(resolve(schema).properties ?? {});
  return fc
    .tuple(
      valid(schema),
      fc.constantFrom(...names, 'id', 'version', 'unknown'),
      fc.option(nasty, { freq: 8, nil: undefined }),
    )
    .map(([whole, name, value]) => {
      const changed: Record<string, unknown> = { ...(whole as object) };
      if (value === undefined) Reflect.deleteProperty(changed, name);
      else changed[name] = value;
      return changed;
    });
}
