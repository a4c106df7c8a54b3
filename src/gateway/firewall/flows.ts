import { parseAddress, type Family } from '../../ip/address.js';
import { checkedCidr } from '../../ip/cidr.js';
import { contains } from '../../ip/range.js';
import { FirewallError } from './firewall.js';
import { splitTarget, type Flow, type MapContent } from './content.js';
import type { RunTool } from './tool.js';

/** A flush is repeated until it succeeds, so the deadline only bounds one attempt. */
const DEADLINE_MS = 5_000;
/** Above this, one dump first tells which maps have connections at all: a process for each of thousands takes minutes. */
const ONE_BY_ONE = 8;

const familyName = (family: Family): string => (family === 4 ? 'ipv4' : 'ipv6');

/**
 * Arguments that select exactly the connections made through one map: translated (`--dst-nat`, so never one that was
 * merely routed to the machine), by the port they came in on, and by the machine and port that answers.
 */
function selection(family: Family, flow: MapContent): string[] {
  const { address, port } = splitTarget(flow.target);
  const asked = ['-f', familyName(family), '-p', flow.protocol, '--orig-port-dst', String(flow.connectionPort)];
  return [...asked, '--dst-nat', '--reply-src', address, '--reply-port-src', port];
}

export const deleteArguments = (family: Family, flow: MapContent): string[] => ['-D', ...selection(family, flow)];

/** Who made the connections that the lines of `conntrack -L` speak of: address and port, each once. */
export function callersOf(listing: string): { address: string; port: string }[] {
  const callers = new Map<string, { address: string; port: string }>();
  for (const line of listing.split('\n')) {
    const address = /\bsrc=(\S+)/.exec(line)?.[1];
    const port = /\bsport=(\d+)/.exec(line)?.[1];
    if (address !== undefined && port !== undefined) callers.set(`${address} ${port}`, { address, port });
  }
  return [...callers.values()];
}

/** Cuts the connections of a map whose callers are in none of the networks that stay. */
async function cutOthers(run: RunTool, family: Family, flow: Flow, keep: readonly string[]): Promise<void> {
  const networks = keep.map(checkedCidr);
  for (const { address, port } of callersOf(await conntrack(run, ['-L', ...selection(family, flow)]))) {
    const caller = parseAddress(address);
    if (caller !== undefined && networks.some((network) => contains(network, caller))) continue;
    await conntrack(run, [...deleteArguments(family, flow), '--orig-src', address, '--orig-port-src', port]);
  }
}

/** Map contents, as `protocol/port/address/port`, that the lines of `conntrack -L` speak of. */
export function contentsOf(listing: string): Set<string> {
  const found = new Set<string>();
  for (const line of listing.split('\n')) {
    const protocol = /^(?:ipv[46]\s+\d+\s+)?(tcp|udp)\s/.exec(line)?.[1];
    const [, replier] = [...line.matchAll(/\bsrc=(\S+)/g)].map((match) => match[1]);
    const [, answering] = [...line.matchAll(/\bsport=(\d+)/g)].map((match) => match[1]);
    const [asked] = [...line.matchAll(/\bdport=(\d+)/g)].map((match) => match[1]);
    if (protocol === undefined || replier === undefined || answering === undefined || asked === undefined) continue;
    found.add([protocol, asked, replier, answering].join('/'));
  }
  return found;
}

async function conntrack(run: RunTool, args: readonly string[]): Promise<string> {
  const result = await run('conntrack', args, { deadlineMs: DEADLINE_MS });
  // Exit code 1 with "0 flow entries" is its way of saying that there was nothing to do.
  if (result.code !== 0 && !/\b0 flow entries\b/.test(result.stderr)) {
    throw new FirewallError('refused', `conntrack ${args.join(' ')} failed: ${result.stderr}`);
  }
  return result.stdout;
}

/** See `Firewall.flush`. Cost: one process (about 18 ms) for a map that has connections; unmapped traffic is not touched. */
export async function flushFlows(
  run: RunTool,
  family: Family,
  flows: readonly Flow[],
): Promise<{ warning: string | null }> {
  try {
    let concerned = flows;
    if (flows.length > ONE_BY_ONE) {
      const listing = await conntrack(run, ['-L', '-f', familyName(family), '--dst-nat']);
      const present = contentsOf(listing);
      concerned = flows.filter((flow) => {
        const { address, port } = splitTarget(flow.target);
        return present.has([flow.protocol, flow.connectionPort, address, port].join('/'));
      });
    }
    for (const flow of concerned) {
      if (flow.keep !== undefined) await cutOthers(run, family, flow, flow.keep);
      else await conntrack(run, deleteArguments(family, flow));
    }
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
