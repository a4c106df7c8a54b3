import { parseAddress, type Family } from '../../ip/address.js';
import { checkedCidr } from '../../ip/cidr.js';
import { contains } from '../../ip/range.js';
import { splitTarget, type Flow } from './content.js';
import { FirewallError } from './firewall.js';
import { answererOf, isUntranslated } from './newcomers.js';
import type { RunTool } from './tool.js';

/** A flush is repeated until it succeeds, so the deadline only bounds one attempt. */
const DEADLINE_MS = 5_000;
/**
 * `conntrack` has every connection of the family told to it for each deletion (0.18 s of processor time at 50,000), so
 * above this one listing first tells which flows have connections at all.
 */
const ONE_BY_ONE = 4;
const AT_ONCE = 2;

const familyName = (family: Family): string => (family === 4 ? 'ipv4' : 'ipv6');

/** One connection, as both its ends see it. */
export interface Connection {
  protocol: string;
  /** Who made it. */
  caller: string;
  callerPort: string;
  /** What they asked for, as `address:port`, and the port of it. */
  asked: string;
  connectionPort: number;
  /** Who answers, as `address:port`. */
  answerer: string;
}

const CONNECTION =
  /^(?:ipv[46]\s+\d+\s+)?(tcp|udp)\s.*?\bsrc=(\S+) dst=(\S+) sport=(\d+) dport=(\d+) .*?\bsrc=(\S+) dst=\S+ sport=(\d+) /;

const end = (address: string, port: string): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

/** The TCP and UDP connections in the lines of `conntrack -L`. About 1 us each. */
export function connectionsOf(listing: string): Connection[] {
  const found: Connection[] = [];
  for (const line of listing.split('\n')) {
    const [, protocol, caller, asked, callerPort, askedPort, answerer, answererPort] = CONNECTION.exec(line) ?? [];
    if (protocol === undefined || caller === undefined || asked === undefined || callerPort === undefined) continue;
    if (askedPort === undefined || answerer === undefined || answererPort === undefined) continue;
    const ends = { asked: end(asked, askedPort), answerer: end(answerer, answererPort) };
    found.push({ protocol, caller, callerPort, connectionPort: Number(askedPort), ...ends });
  }
  return found;
}

/**
 * Arguments that select exactly the connections of a flow: by the port they came in on, and by the machine and port that
 * answers; translated (so never one that was merely routed to that machine), or, begun before there was a map, asked of
 * the very address that answers.
 */
function selection(family: Family, flow: Flow): string[] {
  const { address, port } = splitTarget(answererOf(flow));
  const kind = isUntranslated(flow) ? ['--orig-dst', address] : ['--dst-nat'];
  const asked = ['-f', familyName(family), '-p', flow.protocol, '--orig-port-dst', String(flow.connectionPort)];
  return [...asked, ...kind, '--reply-src', address, '--reply-port-src', port];
}

export const deleteArguments = (family: Family, flow: Flow): string[] => ['-D', ...selection(family, flow)];

/** The deletions, as arguments, that cut of these connections those that the flow names: one for all, or one for each. */
export function deletionsFor(family: Family, flow: Flow, connections: readonly Connection[]): string[][] {
  if (connections.length === 0) return [];
  const { keep, only } = flow;
  if (keep === undefined && only === undefined) return [deleteArguments(family, flow)];
  const networks = (only ?? keep ?? []).map(checkedCidr);
  const named = (caller: string): boolean => {
    const address = parseAddress(caller);
    const inside = address !== undefined && networks.some((network) => contains(network, address));
    return only === undefined ? !inside : inside;
  };
  return connections
    .filter(({ caller }) => named(caller))
    .map(({ caller, callerPort }) => {
      const tuple = ['--orig-src', caller, '--orig-port-src', callerPort];
      return [...deleteArguments(family, flow), ...tuple];
    });
}

const keyOf = (protocol: string, port: number, answerer: string, translated: boolean): string =>
  `${protocol}/${port}/${translated ? '' : '='}${answerer}`;

/** Each flow with its connections of a listing, in one pass over either. */
export function connectionsByFlow(flows: readonly Flow[], listing: string): Map<Flow, Connection[]> {
  const byKey = new Map<string, Connection[]>();
  const byFlow = new Map<Flow, Connection[]>();
  for (const flow of flows) {
    const key = keyOf(flow.protocol, flow.connectionPort, answererOf(flow), !isUntranslated(flow));
    const connections = byKey.get(key) ?? [];
    byKey.set(key, connections);
    byFlow.set(flow, connections);
  }
  for (const connection of connectionsOf(listing)) {
    const { protocol, connectionPort, asked, answerer } = connection;
    byKey.get(keyOf(protocol, connectionPort, answerer, asked !== answerer))?.push(connection);
  }
  return byFlow;
}

async function conntrack(run: RunTool, args: readonly string[]): Promise<string> {
  const result = await run('conntrack', args, { deadlineMs: DEADLINE_MS });
  // Exit code 1 with "0 flow entries" is its way of saying that there was nothing to do.
  if (result.code !== 0 && !/\b0 flow entries\b/.test(result.stderr)) {
    throw new FirewallError('refused', `conntrack ${args.join(' ')} failed: ${result.stderr}`);
  }
  return result.stdout;
}

/** What is to be deleted for these flows; nothing that has no connection, unless asking costs as much as doing. */
async function deletions(run: RunTool, family: Family, flows: readonly Flow[]): Promise<string[][]> {
  const isPlain = (flow: Flow): boolean => flow.keep === undefined && flow.only === undefined;
  if (flows.length <= ONE_BY_ONE && flows.every(isPlain)) return flows.map((flow) => deleteArguments(family, flow));
  const protocols = new Set(flows.map(({ protocol }) => protocol));
  const narrowed = protocols.size === 1 ? ['-p', ...protocols] : [];
  const listing = await conntrack(run, ['-L', '-f', familyName(family), ...narrowed]);
  return [...connectionsByFlow(flows, listing)].flatMap(([flow, found]) => deletionsFor(family, flow, found));
}

/** See `Firewall.flush`. Cost: a process for each flow that has connections, and each reads the kernel's whole table. */
export async function flushFlows(
  run: RunTool,
  family: Family,
  flows: readonly Flow[],
): Promise<{ warning: string | null }> {
  try {
    const waiting = flows.length === 0 ? [] : await deletions(run, family, flows);
    const worker = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await conntrack(run, next);
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, waiting.length) }, worker));
    return { warning: null };
  } catch (error) {
    if (!(error instanceof FirewallError) || error.reason !== 'missing') throw error;
    return {
      warning:
        'conntrack is not installed: connections of removed port maps live on until they end by themselves ' +
        '(install the package conntrack)',
    };
  }
}
