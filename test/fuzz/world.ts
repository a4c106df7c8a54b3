import type { Api } from '../support/api.js';
import { randomBytes } from 'node:crypto';
import type { Answer } from './send.js';

/** What there is to ask for: one of each kind of resource at the start of a walk, and what the walk has made since. */
export class World {
  private readonly known: Record<string, string[]>;

  private constructor(
    fixture: Readonly<Record<string, string>>,
    /** Tokens by who holds them. */
    readonly tokens: Readonly<Record<string, string>>,
  ) {
    this.known = Object.fromEntries(Object.entries(fixture).map(([kind, id]) => [kind, [id]]));
    Object.assign(this.known, { address: ['10.20.0.1', '10.20.0.2'], external: ['192.0.2.10'], cursor: [] });
  }

  static async make(api: Api): Promise<World> {
    // a walk before may have left little to those who make what follows
    for (const owner of ['*', 'root', 'kim']) await api.put(`/quotas/${owner}`, {});
    const { gateway: gateways, pool: pools, subnet: subnets } = await api.gateway();
    const reservation = await api.make(`/subnets/${subnets}/reservations`, { owner: 'kim' });
    const map = await api.make('/port-maps', { gateway: gateways, address: '10.30.0.1', targetPort: 22 });
    const name = `c-${randomBytes(6).toString('hex')}`;
    const component = await api.make('/components', { name, kind: 'centos', gateway: gateways });
    const fixture = {
      ...{ pools, subnets, gateways, 'port-maps': map.id as string, components: component.id as string },
      ...{ reservations: reservation.id as string, leases: reservation.leases[0].id as string },
    };
    const agent = await api.token({ sub: 'agent', role: 'gateway', gateway: gateways });
    const [member, reader] = [
      await api.token({ sub: 'kim', role: 'member', project: 'blue' }),
      await api.token({ sub: 'eve', role: 'reader' }),
    ];
    return new World(fixture, { admin: api.admin, member, reader, gateway: agent, nobody: '', liar: 'x.y.z' });
  }

  /** The text with what stands for something put in its place (see `stand`). */
  real(text: string): string {
    // eslint-disable-next-line no-control-regex -- the mark that no schema's own text has
    return text.replace(/(?:\u0001|\\u0001)([\w-]+):(\d)/g, (_all, kind: string, n: string) => {
      const all = this.known[kind] ?? [];
      return all.length === 0 ? 'none' : (all[Number(n) % all.length] ?? '');
    });
  }

  /** Remembers what an answer tells of. */
  learn({ headers, text }: Answer): void {
    const [, kind, id] = /^\/([\w-]+)\/([^/]+)$/.exec(headers['location'] ?? '') ?? [];
    if (kind !== undefined && id !== undefined) this.add(kind, id);
    const [, cursor] = /"next":"([^"]+)"/.exec(text) ?? [];
    if (cursor !== undefined) this.add('cursor', cursor);
    const [, address] = /"address":"([^"]+)"/.exec(text) ?? [];
    if (address !== undefined) this.add('address', address);
  }

  private add(kind: string, value: string): void {
    this.known[kind] = [value, ...(this.known[kind] ?? []).filter((other) => other !== value)].slice(0, 8);
  }
}
