import { formatAddress, parseAddress, type Family } from '../ip/address.js';
import { formatCidr, parseCidr } from '../ip/cidr.js';
import {
  DRIFT_LIMITS,
  DRIFT_OUTCOMES,
  GATEWAY_MODES,
  MAX_SIZE,
  MAX_SOURCES,
  OBSERVED_STATUSES,
  PROTOCOLS,
  type DesiredMap,
  type DesiredState,
  type MapLabels,
  type ObservedDrift,
  type ObservedMap,
  type RemovedMap,
  type StatusReport,
} from './desired-state.js';

/**
 * Hand-made checks of the contract's two documents. Strict on purpose, unknown members included: a gateway that skipped
 * a member it does not know (a newer control plane's allow-list, say) would open more than it was told to.
 * Cost: linear, one pass, no hashing; 50,000 maps take some tens of milliseconds.
 */

/** The document is not what the contract says; the message names the member, and the document must not be acted on. */
export class ContractError extends Error {
  override readonly name = 'ContractError';
}

const RULE_ID = /^berth1:[0-9a-f]{16}$/;
/** Ids and names are opaque; the bound keeps a bad document from filling logs and memory. */
const MAX_TEXT = 1024;

function fail(path: string, expected: string): never {
  throw new ContractError(`${path} must be ${expected}`);
}

/** The members of a JSON object, which must be exactly `names`. */
function members<Name extends string>(value: unknown, path: string, names: readonly Name[]): Record<Name, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) fail(path, 'an object');
  const known = new Set<string>(names);
  for (const name of Object.keys(value)) {
    if (!known.has(name)) {
      throw new ContractError(
        `${path} has the unknown member "${name.slice(0, 100)}": is one side older than the other?`,
      );
    }
  }
  return value as Record<Name, unknown>;
}

function list<Item>(value: unknown, path: string, item: (value: unknown, path: string) => Item): Item[] {
  if (!Array.isArray(value)) fail(path, 'a list');
  return value.map((entry: unknown, index) => item(entry, `${path}[${index}]`));
}

function text(value: unknown, path: string): string {
  if (typeof value !== 'string' || value === '' || value.length > MAX_TEXT)
    fail(path, `text of 1 to ${MAX_TEXT} characters`);
  return value;
}

function oneOf<Choice extends string>(value: unknown, path: string, choices: readonly Choice[]): Choice {
  const found = choices.find((choice) => choice === value);
  return found ?? fail(path, `one of ${choices.join(', ')}`);
}

function integer(value: unknown, path: string, first: number, last: number): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < first || value > last) {
    fail(path, `a whole number from ${first} to ${last}`);
  }
  return value;
}

function ruleId(value: unknown, path: string): string {
  if (typeof value !== 'string' || !RULE_ID.test(value)) fail(path, '"berth1:" and 16 hex digits');
  return value;
}

function address(value: unknown, path: string, family?: Family): string {
  const parsed = typeof value === 'string' ? parseAddress(value) : undefined;
  if (parsed === undefined || formatAddress(parsed) !== value) fail(path, 'an address in canonical text');
  if (family !== undefined && parsed.family !== family) {
    fail(path, `an IPv${family} address, as the gateway's external address is`);
  }
  return value;
}

function network(value: unknown, path: string): string {
  const cidr = typeof value === 'string' ? parseCidr(value) : undefined;
  if (cidr === undefined) return fail(path, 'a network as address/length, without host bits');
  const canonical = formatCidr(cidr);
  if (canonical !== value) fail(path, 'a network in canonical text');
  return canonical;
}

function unique<Item>(items: readonly Item[], path: string, what: string, key: (item: Item) => string): Set<string> {
  const seen = new Set<string>();
  for (const item of items) {
    const value = key(item);
    if (seen.has(value)) throw new ContractError(`${path} names the ${what} ${value.slice(0, 100)} twice`);
    seen.add(value);
  }
  return seen;
}

const CONTENT_MEMBERS = ['protocol', 'connectionPort', 'address', 'targetPort', 'size', 'sources'] as const;
const MAP_MEMBERS = ['id', 'ruleId', 'labels', ...CONTENT_MEMBERS] as const;

function labels(value: unknown, path: string): MapLabels {
  const about = members(value, path, ['owner', 'name', 'component']);
  const orNull = (name: 'name' | 'component'): string | null =>
    about[name] === null ? null : text(about[name], `${path}.${name}`);
  return { owner: text(about.owner, `${path}.owner`), name: orNull('name'), component: orNull('component') };
}

function sources(value: unknown, path: string, family: Family): string[] {
  const networks = list(value, path, network);
  if (networks.length === 0 || networks.length > MAX_SOURCES) fail(path, `1 to ${MAX_SOURCES} networks`);
  unique(networks, path, 'network', (one) => one);
  for (const [index, one] of networks.entries()) {
    const cidr = parseCidr(one);
    if (cidr?.family !== family) fail(`${path}[${index}]`, `an IPv${family} network, as the target is`);
    if (one.endsWith('/0')) fail(`${path}[${index}]`, 'narrower than everybody; without sources everybody may connect');
  }
  return networks;
}

type Members = Record<(typeof CONTENT_MEMBERS)[number], unknown>;

function content(map: Members, path: string, family: Family): Omit<DesiredMap, 'id' | 'ruleId'> {
  const size = map.size === undefined ? 1 : integer(map.size, `${path}.size`, 2, MAX_SIZE);
  return {
    protocol: oneOf(map.protocol, `${path}.protocol`, PROTOCOLS),
    // All ports are ports.
    connectionPort: integer(map.connectionPort, `${path}.connectionPort`, 1, 65_536 - size),
    address: address(map.address, `${path}.address`, family),
    targetPort: integer(map.targetPort, `${path}.targetPort`, 1, 65_536 - size),
    ...(map.size === undefined ? {} : { size }),
    ...(map.sources === undefined ? {} : { sources: sources(map.sources, `${path}.sources`, family) }),
  };
}

/** Refuses two maps of which both have a port. The cost is that of all ports. */
function disjoint(maps: readonly DesiredMap[]): void {
  const seen = new Set<string>();
  for (const { protocol, connectionPort, size = 1 } of maps) {
    for (let port = connectionPort; port < connectionPort + size; port++) {
      const key = `${protocol} ${port}`;
      if (seen.has(key)) throw new ContractError(`maps names the port ${key} twice`);
      seen.add(key);
    }
  }
}

/** Checks the answer of `GET /gateways/{id}/desired-state`. Throws `ContractError`. */
export function parseDesiredState(value: unknown): DesiredState {
  const state = members(value, 'desired state', ['gateway', 'generation', 'maps', 'removing']);
  const about = members(state.gateway, 'gateway', ['id', 'name', 'externalAddress', 'networks']);
  const externalAddress = address(about.externalAddress, 'gateway.externalAddress');
  const family: Family = externalAddress.includes(':') ? 6 : 4;

  const maps = list(state.maps, 'maps', (entry, path): DesiredMap => {
    const map = members(entry, path, MAP_MEMBERS);
    return {
      id: text(map.id, `${path}.id`),
      ruleId: ruleId(map.ruleId, `${path}.ruleId`),
      ...content(map, path, family),
      ...(map.labels === undefined ? {} : { labels: labels(map.labels, `${path}.labels`) }),
    };
  });
  const removing = list(state.removing, 'removing', (entry, path): RemovedMap => {
    const map = members(entry, path, ['id', 'ruleId', 'range']);
    const range =
      map.range === undefined
        ? undefined
        : content(members(map.range, `${path}.range`, CONTENT_MEMBERS), `${path}.range`, family);
    return {
      id: text(map.id, `${path}.id`),
      ruleId: ruleId(map.ruleId, `${path}.ruleId`),
      ...(range !== undefined && { range }),
    };
  });

  const ids = unique(maps, 'maps', 'map', (map) => map.id);
  const rules = unique(maps, 'maps', 'rule', (map) => map.ruleId);
  disjoint(maps);
  unique(removing, 'removing', 'map', (map) => map.id);
  const both = removing.find((map) => ids.has(map.id) || rules.has(map.ruleId));
  if (both !== undefined) throw new ContractError(`map ${both.id} is wanted and to be removed at the same time`);

  return {
    gateway: {
      id: text(about.id, 'gateway.id'),
      name: text(about.name, 'gateway.name'),
      externalAddress,
      networks: list(about.networks, 'gateway.networks', network),
    },
    generation: integer(state.generation, 'generation', 0, Number.MAX_SAFE_INTEGER),
    maps,
    removing,
  };
}

function drift(value: unknown, path: string): ObservedDrift {
  const one = members(value, path, ['at', 'program', 'found', 'maps', 'outcome']);
  const at = text(one.at, `${path}.at`);
  if (Number.isNaN(Date.parse(at))) fail(`${path}.at`, 'a time');
  const found = list(one.found, `${path}.found`, text);
  if (found.length > DRIFT_LIMITS.lines) fail(`${path}.found`, `at most ${DRIFT_LIMITS.lines} lines`);
  return {
    at,
    program: one.program === null ? null : text(one.program, `${path}.program`),
    found,
    maps: integer(one.maps, `${path}.maps`, 0, 1_000_000),
    outcome: oneOf(one.outcome, `${path}.outcome`, DRIFT_OUTCOMES),
  };
}

/** Checks the body of `PUT /gateways/{id}/status`. Throws `ContractError`. */
export function parseStatusReport(value: unknown): StatusReport {
  const report = members(value, 'status report', ['generation', 'mode', 'maps', 'gone', 'drift']);
  const maps = list(report.maps, 'maps', (entry, path): ObservedMap => {
    const map = members(entry, path, ['id', 'ruleId', 'status', 'reason']);
    return {
      id: text(map.id, `${path}.id`),
      ruleId: ruleId(map.ruleId, `${path}.ruleId`),
      status: oneOf(map.status, `${path}.status`, OBSERVED_STATUSES),
      reason: map.reason === null ? null : text(map.reason, `${path}.reason`),
    };
  });
  const gone = list(report.gone, 'gone', text);
  unique(maps, 'maps', 'map', (map) => map.id);
  unique(gone, 'gone', 'map', (id) => id);
  return {
    generation: integer(report.generation, 'generation', 0, Number.MAX_SAFE_INTEGER),
    mode: oneOf(report.mode, 'mode', GATEWAY_MODES),
    maps,
    gone,
    ...(report.drift === undefined ? {} : { drift: list(report.drift, 'drift', drift) }),
  };
}
