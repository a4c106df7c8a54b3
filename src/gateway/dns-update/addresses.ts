import { formatAddress, parseAddress } from '../../ip/address.js';
import { FirewallError } from '../firewall/firewall.js';
import { runTool, type RunTool } from '../firewall/tool.js';

/** What is worth publishing of an interface, canonical text, in the kernel's order. */
export interface Addresses {
  A: readonly string[];
  AAAA: readonly string[];
}

const DEADLINE_MS = 5_000;

/** As `ip -json address show` has it: of a flag that is not set there is no member. */
interface IpAddress {
  family?: unknown;
  local?: unknown;
  scope?: unknown;
  temporary?: unknown;
  deprecated?: unknown;
  tentative?: unknown;
  dadfailed?: unknown;
}

/**
 * Addresses of global scope out of what `ip -json address show` prints, without those that will not last (privacy
 * extensions, deprecated) or do not work yet. Throws SyntaxError for anything else.
 */
export function parseAddresses(json: string): Addresses {
  const links = JSON.parse(json) as { addr_info?: IpAddress[] }[];
  const lasting = links
    .flatMap(({ addr_info: infos = [] }) => infos)
    .filter(({ scope }) => scope === 'global')
    .filter(({ temporary, deprecated, tentative, dadfailed }) =>
      [temporary, deprecated, tentative, dadfailed].every((flag) => flag !== true),
    );
  const of = (family: string): string[] =>
    lasting
      .filter((info) => info.family === family)
      .flatMap(({ local }) => (typeof local === 'string' ? (parseAddress(local) ?? []) : []))
      .map(formatAddress);
  return { A: of('inet'), AAAA: of('inet6') };
}

/** Interface of the default route that wins: IPv4 before IPv6, the lowest metric, what is first among equals. */
export function parseDefaultRoute(json: string): string | undefined {
  const routes = JSON.parse(json) as { dev?: unknown; metric?: unknown }[];
  const metric = (route: { metric?: unknown }): number => (typeof route.metric === 'number' ? route.metric : 0);
  const [best] = routes.filter(({ dev }) => typeof dev === 'string').sort((a, b) => metric(a) - metric(b));
  return best?.dev as string | undefined;
}

/** Reads the kernel. Throws `FirewallError` when `ip` cannot be run, Error when there is no such interface. */
export class AddressReader {
  constructor(
    private readonly device: string | undefined,
    private readonly run: RunTool = runTool,
  ) {}

  async read(): Promise<Addresses> {
    const device = this.device ?? (await this.defaultDevice());
    return parseAddresses(await this.ip(['-json', 'address', 'show', 'dev', device]));
  }

  private async defaultDevice(): Promise<string> {
    for (const family of ['-4', '-6']) {
      const device = parseDefaultRoute((await this.ip(['-json', family, 'route', 'show', 'default'])) || '[]');
      if (device !== undefined) return device;
    }
    throw new Error('there is no default route: set DNS_UPDATE_INTERFACE to the interface whose address is told');
  }

  private async ip(args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run('ip', args, { deadlineMs: DEADLINE_MS });
    if (code !== 0) throw new FirewallError('refused', `ip ${args.join(' ')}: ${stderr}`);
    return stdout;
  }
}
