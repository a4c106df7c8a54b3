import { Problem } from '../../platform/problem/problem.js';
import type { Unit } from '../events/unit-of-work.js';
import { QUOTA_ADMISSION } from './quota.queries.js';

/** What a claim takes. */
export interface Cost {
  addresses: number;
  portMaps: number;
}

/** What an owner may hold, null without limit, and holds: counted to one more than the limit, no further. */
interface Account {
  addresses: number | null;
  portMaps: number | null;
  /** Addresses that one request may ask for. */
  perRequest: number | null;
  heldAddresses: number;
  heldPortMaps: number;
}

const RESOURCES = [
  { what: 'addresses', limit: 'addresses', held: 'heldAddresses' },
  { what: 'port maps', limit: 'portMaps', held: 'heldPortMaps' },
] as const;

/**
 * Who of a batch of claims gets in. It holds the locks of the owners who have quotas until the end of the transaction,
 * so what it counted stays true but for what it admits.
 */
export class QuotaAdmission {
  /** Owners of whom a claim was refused that would have fitted without others of this batch. */
  private readonly crowded = new Set<string>();
  private readonly admitted = new Map<string, Cost>();

  private constructor(
    private readonly accounts: ReadonlyMap<string, Account>,
    /** For everybody, quota or not. */
    private readonly maxPerRequest: number,
  ) {}

  /** One statement; who has no quota pays for nothing else. The first lock of a claim, so that it closes no circle. */
  static async open(unit: Unit, owners: readonly string[], maxPerRequest: number): Promise<QuotaAdmission> {
    type Row = { owner: string } & Record<keyof Account, string | number | null>;
    const rows = await unit.query<Row>(QUOTA_ADMISSION, [[...new Set(owners)]]);
    const number = (value: string | number | null): number | null => (value === null ? null : Number(value));
    const accounts = rows.map(({ owner, addresses, portMaps, perRequest, heldAddresses, heldPortMaps }) => {
      const limits = { addresses: number(addresses), portMaps: number(portMaps), perRequest: number(perRequest) };
      const held = { heldAddresses: Number(heldAddresses), heldPortMaps: Number(heldPortMaps) };
      return [owner, { ...limits, ...held }] as const;
    });
    return new QuotaAdmission(new Map(accounts), maxPerRequest);
  }

  /** Counts the claim as taken, or throws `quota-exceeded`. */
  admit(owner: string, cost: Cost): void {
    const account = this.accounts.get(owner);
    const most = Math.min(this.maxPerRequest, account?.perRequest ?? Infinity);
    if (cost.addresses > most) {
      throw new Problem(
        'quota-exceeded',
        `One request may ask for ${most} addresses; this one asks for ${cost.addresses}.`,
      );
    }
    if (account === undefined) return;
    const before = this.admitted.get(owner) ?? { addresses: 0, portMaps: 0 };
    for (const { what, limit, held } of RESOURCES) {
      const [allowed, holds, asked, others] = [account[limit], account[held], cost[limit], before[limit]];
      if (allowed === null || asked === 0 || holds + others + asked <= allowed) continue;
      if (holds + asked <= allowed) this.crowded.add(owner);
      const known = holds > allowed ? `more than ${allowed}` : String(holds + others);
      throw new Problem(
        'quota-exceeded',
        `The quota of ${JSON.stringify(owner)} is ${allowed} ${what}: it holds ${known}, and ${asked} more are asked for.`,
      );
    }
    this.admitted.set(owner, {
      addresses: before.addresses + cost.addresses,
      portMaps: before.portMaps + cost.portMaps,
    });
  }

  /** Whether somebody of this owner was refused for the sake of a claim that was admitted. */
  isCrowded(owner: string): boolean {
    return this.crowded.has(owner);
  }
}
