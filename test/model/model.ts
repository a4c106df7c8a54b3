import type { Family } from '../../src/ip/address.js';
import type { Policy } from '../../src/control-plane/allocation/need.js';
import { span } from './addresses.js';

/**
 * What Berth should be, without a database, without concurrency and without a thought for speed: sets of small numbers.
 * An operation first asks what the answer must be (a refusal's code, or what is granted), then changes the model. The
 * clock is the number of operations; a quarantine is 0, or longer than any test runs.
 */
export interface Pool {
  id: string;
  family: Family;
  policy: Policy;
  quarantine: number;
  reuseEarly: boolean;
  /** First place and bits of each. */
  supernets: [place: number, bits: number][];
  version: number;
}

export interface Rules {
  first: number;
  last: number;
  ranges: [first: number, last: number][];
  /** Without what no machine in a network can have, when the subnet is one. */
  unusable: boolean;
}

export interface Shape {
  first: number;
  last: number;
  rules: Rules;
  gateway?: number | undefined;
}

export interface Rest {
  place: number;
  owner: string;
  until: number;
}

export interface Subnet {
  id: string;
  pool: Pool;
  shape: Shape;
  rests: Rest[];
  version: number;
}

export interface Lease {
  id: string;
  place: number;
  version: number;
}

export interface Reservation {
  id: string;
  subnet: Subnet;
  owner: string;
  ttl: number | null;
  leases: Lease[];
  version: number;
}

export interface Quota {
  addresses: number | null;
  perRequest: number | null;
  version: number;
}

/** Bits of the network that a range exactly is. */
function bitsOfNetwork(first: number, last: number): number | undefined {
  const bits = Math.log2(last - first + 1);
  return Number.isInteger(bits) && first % 2 ** bits === 0 ? bits : undefined;
}

/** The places of a shape that are given out, ascending. */
export function usable({ first, last, rules, gateway }: Shape, family: Family): number[] {
  const bits = bitsOfNetwork(first, last);
  const unusable = rules.unusable && bits !== undefined && bits >= 2 ? (family === 4 ? [first, last] : [first]) : [];
  return span(first + rules.first, last - rules.last).filter(
    (place) =>
      place !== gateway &&
      !unusable.includes(place) &&
      !rules.ranges.some(([from, to]) => from <= place && place <= to),
  );
}

export class Model {
  readonly pools = new Map<string, Pool>();
  /** In the order in which they were made: that in which a pool's are tried. */
  readonly subnets = new Map<string, Subnet>();
  readonly reservations = new Map<string, Reservation>();
  readonly quotas = new Map<string, Quota>();
  /** Every event that must have been told, `<subject> <verb>`. */
  readonly told: string[] = [];
  /** Every lease that ended: its id, place and owner. */
  readonly ended: string[] = [];
  private clock = 0;

  tell(noun: 'pool' | 'subnet' | 'reservation' | 'lease' | 'quota', id: string, verb: string): void {
    this.told.push(`${noun}s/${id} ${verb}`);
  }

  subnetsOf(pool: Pool): Subnet[] {
    return [...this.subnets.values()].filter((subnet) => subnet.pool === pool);
  }

  reservationsOf(subnet: Subnet): Reservation[] {
    return [...this.reservations.values()].filter((reservation) => reservation.subnet === subnet);
  }

  held(subnet: Subnet): Set<number> {
    return new Set(this.reservationsOf(subnet).flatMap(({ leases }) => leases.map(({ place }) => place)));
  }

  /** What is free at once; what has rested its time, or with `early` all that rests, oldest first. */
  open(subnet: Subnet): { free: number[]; due: number[]; early: number[] } {
    const held = this.held(subnet);
    const rests = [...subnet.rests].sort((a, b) => a.until - b.until || a.place - b.place);
    const resting = new Set(rests.map(({ place }) => place));
    const free = usable(subnet.shape, subnet.pool.family).filter((place) => !held.has(place) && !resting.has(place));
    const places = (list: readonly Rest[]): number[] => list.map(({ place }) => place);
    return { free, due: places(rests.filter((rest) => this.isDue(rest))), early: places(rests) };
  }

  isDue({ until }: Rest): boolean {
    return until <= this.clock;
  }

  heldBy(owner: string): number {
    return [...this.reservations.values()]
      .filter((reservation) => reservation.owner === owner)
      .reduce((sum, { leases }) => sum + leases.length, 0);
  }

  /** Something happens. */
  tick(): void {
    this.clock++;
  }

  hold(reservation: Omit<Reservation, 'version'>): void {
    const { id, leases, subnet } = reservation;
    const places = leases.map(({ place }) => place);
    subnet.rests = subnet.rests.filter(({ place }) => !places.includes(place));
    this.reservations.set(id, { ...reservation, version: 1 });
    this.tell('reservation', id, 'created');
    for (const lease of leases) this.tell('lease', lease.id, 'created');
  }

  /** Ends some leases of a reservation, and with the last one the reservation. */
  release(reservation: Reservation, leases: readonly Lease[]): void {
    const { id, subnet, owner } = reservation;
    const { policy, quarantine } = subnet.pool;
    for (const { id: lease, place } of leases) {
      if (quarantine > 0 || policy === 'least-recently-released') {
        subnet.rests.push({ place, owner, until: this.clock + quarantine * 1000 });
      }
      this.end(lease, place, owner);
    }
    reservation.leases = reservation.leases.filter((lease) => !leases.includes(lease));
    if (reservation.leases.length > 0) {
      reservation.version++;
      this.tell('reservation', id, 'updated');
    } else {
      this.reservations.delete(id);
      this.tell('reservation', id, 'deleted');
    }
  }

  private end(lease: string, place: number, owner: string): void {
    this.ended.push(`${lease} ${place} ${owner}`);
    this.tell('lease', lease, 'deleted');
  }

  deleteSubnet(subnet: Subnet): void {
    for (const { id, owner, leases } of this.reservationsOf(subnet)) {
      for (const lease of leases) this.end(lease.id, lease.place, owner);
      this.reservations.delete(id);
      this.tell('reservation', id, 'deleted');
    }
    this.subnets.delete(subnet.id);
    this.tell('subnet', subnet.id, 'deleted');
  }

  deletePool(pool: Pool): void {
    for (const subnet of this.subnetsOf(pool)) this.deleteSubnet(subnet);
    this.pools.delete(pool.id);
    this.tell('pool', pool.id, 'deleted');
  }

  /** What comes of other addresses or rules: a rest ends with its address. */
  reshape(subnet: Subnet, shape: Shape): void {
    subnet.shape = shape;
    const left = new Set(usable(shape, subnet.pool.family));
    subnet.rests = subnet.rests.filter(({ place }) => left.has(place));
  }

  /** Why a pool cannot have a subnet there: overlap before supernets. */
  placing(pool: Pool, { first, last }: Shape, self?: Subnet): 'range-overlap' | 'invalid-field' | undefined {
    const others = this.subnetsOf(pool).filter((subnet) => subnet !== self);
    if (others.some(({ shape }) => shape.first <= last && first <= shape.last)) return 'range-overlap';
    const within = pool.supernets.some(([place, bits]) => place <= first && last < place + 2 ** bits);
    return pool.supernets.length === 0 || within ? undefined : 'invalid-field';
  }

  /** The first place of the next network of 2^bits: the lowest of the smallest free block that is large enough. */
  carve(pool: Pool, bits: number): number | undefined {
    const taken = this.subnetsOf(pool).map(({ shape }) => shape);
    const blocks = (place: number, size: number): [place: number, size: number][] => {
      const inside = taken.filter(({ first, last }) => first < place + size && place <= last);
      if (inside.length === 0) return [[place, size]];
      if (size === 1) return [];
      return [...blocks(place, size / 2), ...blocks(place + size / 2, size / 2)];
    };
    return pool.supernets
      .flatMap(([place, length]) => blocks(place, 2 ** length))
      .filter(([, size]) => size >= 2 ** bits)
      .sort(([a, sizeOfA], [b, sizeOfB]) => sizeOfA - sizeOfB || a - b)[0]?.[0];
  }
}
