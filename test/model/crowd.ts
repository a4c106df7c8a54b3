import { randomUUID } from 'node:crypto';
import type { Answer } from '../support/api.js';
import { networkText, placeOf, textOf } from './addresses.js';
import { newKey, type Cluster } from './cluster.js';
import type { Claim, Operation } from './record.js';

const OWNERS = ['ann', 'bob', 'cyd'];
/** Seconds that released addresses rest in the second pool. */
export const QUARANTINE = 1;
/** Of cyd; the others have none. */
const FIRST_QUOTA = 6;
const RESHAPED_FROM = 64;

interface Known {
  owner: string;
  version: number;
  leases: string[];
}

type Random = (n: number) => number;

/** Clients that know of each other's resources and do whatever comes to mind, all at once. */
export class Crowd {
  readonly operations: Operation[] = [];
  /** Answers that nobody should ever get. */
  readonly odd: string[] = [];
  answered = 0;
  private open = true;
  private readonly known = new Map<string, Known>();
  private pools: string[] = [];
  private subnets: string[] = [];
  private reshaped = '';
  private carved = '';

  constructor(
    private readonly cluster: Cluster,
    private readonly random: Random,
  ) {}

  async begin(): Promise<void> {
    const [api] = this.cluster.apis;
    const pool = async (body: object): Promise<string> => (await api?.make('/pools', body))?.id as string;
    const subnet = async (of: string, first: number, last: number): Promise<string> => {
      const body = { start: textOf(4, first), end: textOf(4, last) };
      return (await api?.make(`/pools/${of}/subnets`, body))?.id as string;
    };
    const plain = await pool({ name: 'first' });
    const resting = await pool({ name: 'random', policy: 'random', quarantine: QUARANTINE });
    const turns = await pool({ name: 'turns', policy: 'least-recently-released' });
    this.carved = await pool({ name: 'carved', supernets: [networkText(4, 0, 6)] });
    this.pools = [plain, resting, turns, this.carved];
    this.reshaped = await subnet(plain, RESHAPED_FROM, RESHAPED_FROM + 15);
    this.subnets = [await subnet(plain, 0, 39), this.reshaped, await subnet(resting, 0, 11), await subnet(turns, 0, 9)];
    await api?.put('/quotas/cyd', { addresses: FIRST_QUOTA });
  }

  stop(): void {
    this.open = false;
  }

  /** One client, until the crowd is told to stop or has got so many answers. */
  async client(n: number, most: number): Promise<void> {
    while (this.open && this.answered < most) await this.one(n);
  }

  private one(client: number): Promise<void> {
    const what = this.random(100);
    if (what < 45) return this.reserve(client);
    if (what < 66) return this.release(client);
    if (what < 71) return this.releaseLease(client);
    if (what < 77) return this.change(client, 'renew');
    if (what < 85) return this.change(client, 'change');
    if (what < 90) return this.reshape(client);
    if (what < 94) return this.makeSubnet(client);
    if (what < 97) return this.deleteSubnet(client);
    return this.setQuota(client);
  }

  private pick<T>(list: readonly T[]): T | undefined {
    return list[this.random(list.length)];
  }

  /** Asks, and notes what came of it. */
  private async ask(
    operation: Pick<Operation, 'kind' | 'client' | 'id' | 'ifMatch' | 'claim'>,
    request: [method: string, path: string, body?: unknown, headers?: Record<string, string>],
  ): Promise<Answer | undefined> {
    const from = Date.now();
    const [method, path, body, headers] = request;
    let answer = await this.cluster.ask(this.random(2), method, path, body, headers);
    // As a client should: what is not known is asked for again with the same key. It must not be done twice.
    const again = headers !== undefined && 'idempotency-key' in headers && this.random(4) > 0;
    for (let n = 0; again && n < 3 && (answer === undefined || answer.status === 503); n++) {
      answer = await this.cluster.ask(n, method, path, body, headers);
    }
    const clear = answer !== undefined && answer.status !== 503;
    const { status, body: told } = answer ?? {};
    if (answer !== undefined) this.answered++;
    if (status !== undefined && (status >= 500 ? status !== 503 : status === 400)) {
      const logged = this.cluster.logged(String(told?.instance));
      this.odd.push(`${method} ${path} ${JSON.stringify(body)} -> ${status} ${logged}`);
    }
    this.operations.push({
      ...operation,
      ...{ from, to: clear ? Date.now() : Infinity, status: clear ? status : undefined },
      ...{ code: told?.code as string | undefined, version: told?.version as number | undefined },
    });
    return clear ? answer : undefined;
  }

  private async reserve(client: number): Promise<void> {
    const noun = this.random(3) === 0 ? 'pool' : 'subnet';
    const target = this.pick(noun === 'pool' ? this.pools : this.subnets);
    if (target === undefined) return;
    const claim: Claim = { target: { noun, id: target }, owner: this.pick(OWNERS) ?? 'ann', count: 1 };
    const ttl = this.random(10) === 0 ? { ttl: 1 } : {};
    const body = { id: randomUUID(), owner: claim.owner, ...this.wanted(claim), ...ttl };
    const path = `/${noun}s/${target}/reservations`;
    if (this.random(20) === 0) {
      await this.ask({ kind: 'preview', client, id: body.id }, ['POST', `${path}?dryRun=true`, body]);
      return;
    }
    const answer = await this.ask({ kind: 'reserve', client, id: body.id, claim }, ['POST', path, body, newKey()]);
    if (answer?.status !== 201) return;
    const leases = answer.body.leases as { id: string; address: string }[];
    claim.granted = leases.map(({ address }) => address);
    this.known.set(body.id, { owner: claim.owner, version: 1, leases: leases.map(({ id }) => id) });
  }

  private wanted(claim: Claim): object {
    const count = 1 + this.random(4);
    switch (this.random(6)) {
      case 0: {
        const beside = claim.target.id === this.reshaped ? RESHAPED_FROM : 0;
        const places = new Set(Array.from({ length: count }, () => beside + this.random(8)));
        const orOthers = this.random(2) === 0;
        const addresses = [...places].map((place) => textOf(4, place));
        Object.assign(claim, { count: addresses.length, addresses, orOthers });
        return { addresses, ...(orOthers ? { otherwise: 'next' } : {}) };
      }
      case 1: {
        const align = 2 ** this.random(3);
        Object.assign(claim, { count, align });
        return align === 1 ? { count, contiguous: true } : { count, align };
      }
      case 2: {
        const bits = this.random(3);
        Object.assign(claim, { count: 2 ** bits, align: 2 ** bits });
        return { prefixLength: 32 - bits };
      }
      default:
        claim.count = count;
        return { count };
    }
  }

  private async release(client: number): Promise<void> {
    const id = this.pick([...this.known.keys()]);
    if (id === undefined) return;
    const answer = await this.ask({ kind: 'release', client, id }, ['DELETE', `/reservations/${id}`]);
    if (answer?.status === 204 || answer?.status === 404) this.known.delete(id);
  }

  private async releaseLease(client: number): Promise<void> {
    const [id, known] = this.pick([...this.known]) ?? [];
    const lease = known?.leases.pop();
    if (id === undefined || lease === undefined) return;
    await this.ask({ kind: 'release lease', client, id: lease }, ['DELETE', `/leases/${lease}`]);
    if (known?.leases.length === 0) this.known.delete(id);
  }

  private async change(client: number, kind: 'change' | 'renew'): Promise<void> {
    const [id, known] = this.pick([...this.known]) ?? [];
    if (id === undefined || known === undefined) return;
    const guarded = this.random(2) === 0;
    const operation = { kind, client, id, ...(guarded ? { ifMatch: known.version } : {}) };
    const headers: Record<string, string> = guarded ? { 'if-match': `"${known.version}"` } : {};
    const answer = await this.ask(
      operation,
      kind === 'renew'
        ? ['POST', `/reservations/${id}/renew`, { ttl: 2 }, headers]
        : ['PATCH', `/reservations/${id}`, { name: `by ${client}` }, headers],
    );
    if (answer?.status === 200) known.version = answer.body.version as number;
    if (answer?.status === 404) this.known.delete(id);
  }

  private async reshape(client: number): Promise<void> {
    const end = textOf(4, RESHAPED_FROM + 7 + this.random(16));
    const exclusions = { first: this.random(3), last: this.random(3) };
    const id = this.reshaped;
    await this.ask({ kind: 'reshape', client, id }, ['PATCH', `/subnets/${id}`, { end, exclusions }]);
  }

  private async makeSubnet(client: number): Promise<void> {
    const carves = this.random(2) === 0;
    const start = this.random(56);
    const range = { start: textOf(4, start), end: textOf(4, start + this.random(8)) };
    const id = randomUUID();
    const body = { id, name: 'made', ...(carves ? { prefixLength: 32 - 2 - this.random(3) } : range) };
    const path = `/pools/${this.carved}/subnets`;
    const answer = await this.ask({ kind: 'make subnet', client, id }, ['POST', path, body, newKey()]);
    if (answer?.status === 201) this.subnets.push(id);
  }

  private async deleteSubnet(client: number): Promise<void> {
    const id = this.pick(this.subnets.slice(4));
    if (id === undefined) return;
    const answer = await this.ask({ kind: 'delete', client, id }, ['DELETE', `/subnets/${id}`]);
    if (answer !== undefined) this.subnets = this.subnets.filter((one) => one !== id);
  }

  private async setQuota(client: number): Promise<void> {
    await this.ask({ kind: 'quota', client, id: 'cyd' }, ['PUT', '/quotas/cyd', { addresses: 2 + this.random(12) }]);
  }
}

export const placesOf = (addresses: readonly string[]): number[] => addresses.map(placeOf);
