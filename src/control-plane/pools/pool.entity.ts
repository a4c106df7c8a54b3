import { Column, Entity } from 'typeorm';
import { formatAddress, storedAddress } from '../../ip/address.js';
import type { Policy } from '../allocation/need.js';
import type { PoolDns } from '../dns/pool-dns.dto.js';
import { ResourceEntity } from '../resource/resource.entity.js';

/** Networks as canonical text (PostgreSQL writes some of IPv6 its own way). */
const networksText = {
  from: (networks: string[]): string[] =>
    networks.map((text) => {
      const [address = '', length = ''] = text.split('/');
      return `${formatAddress(storedAddress(address))}/${length}`;
    }),
  to: (networks: string[]): string[] => networks,
};

/** A container of subnets, which never overlap within it. */
@Entity('pool')
export class PoolEntity extends ResourceEntity {
  @Column('text')
  policy: Policy;

  /** Seconds. */
  @Column('integer')
  quarantine: number;

  @Column('boolean', { name: 'reuse_early' })
  reuseEarly: boolean;

  /** Where its subnets lie, if it has any of these: networks that do not overlap. */
  @Column('text', { array: true, transformer: networksText })
  supernets: string[];

  /** Where the names of its leases are kept; null: nowhere. */
  @Column('jsonb', { nullable: true })
  dns: PoolDns | null;

  /** Percent, ascending. */
  @Column('smallint', { array: true })
  thresholds: number[];
}
