import type { Family } from '../../ip/address.js';
import { FirewallError } from './firewall.js';
import { splitTarget, type MapContent } from './content.js';
import type { RunTool } from './tool.js';

/** A flush is repeated until it succeeds, so the deadline only bounds one attempt. */
const DEADLINE_MS = 5_000;
/** Above this, one dump first tells which maps have connections at all: a process for each of thousands takes minutes. */
const ONE_BY_ONE = 8;

/**
 * Arguments that select exactly the connections made through one map: translated (`--dst-nat`, so never one that was
 * merely routed to the machine), by the port they came in on, and by the machine and port that answers.
 */
export function deleteArguments(family: Family, flow: MapContent): string[] {
  const { address, port } = splitTarget(flow.target);
  return [
    ...[
      '-D',
      '-f',
      family === 4 ? 'ipv4' : 'ipv6',
      '-p',
      flow.protocol,
      '--orig-port-dst',
      String(flow.connectionPort),
    ],
    ...['--dst-nat', '--reply-src', address, '--reply-port-src', port],
  ];
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
  flows: readonly MapContent[],
): Promise<{ warning: string | null }> {
  try {
    let concerned = flows;
    if (flows.length > ONE_BY_ONE) {
      const listing = await conntrack(run, ['-L', '-f', family === 4 ? 'ipv4' : 'ipv6', '--dst-nat']);
      const present = contentsOf(listing);
      concerned = flows.filter((flow) => {
        const { address, port } = splitTarget(flow.target);
        return present.has([flow.protocol, flow.connectionPort, address, port].join('/'));
      });
    }
    for (const flow of concerned) await conntrack(run, deleteArguments(family, flow));
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
