import { Column, Entity } from 'typeorm';
import { addressText, ResourceEntity } from '../resource/resource.entity.js';
import type { Exclusions } from './exclusions.js';

const exclusionsText = {
  from: (text: string): Exclusions => JSON.parse(text) as Exclusions,
  to: (exclusions: Exclusions): string => JSON.stringify(exclusions),
};

const optionalAddress = {
  from: (text: string | null): string | null => (text === null ? null : addressText.from(text)),
  to: (text: string | null): string | null => text,
};

/** A range of addresses, both ends included. */
@Entity('subnet')
export class SubnetEntity extends ResourceEntity {
  @Column('text', { name: 'pool_id' })
  poolId: string;

  /** Where its free addresses are kept. */
  @Column('bigint', { name: 'space_id' })
  spaceId: string;

  @Column('text', { transformer: addressText })
  first: string;

  @Column('text', { transformer: addressText })
  last: string;

  /** What of first...last is not in the space, besides the gateway address. */
  @Column('text', { transformer: exclusionsText })
  exclusions: Exclusions;

  /** One address of the range that is its router's. */
  @Column('text', { name: 'gateway_address', nullable: true, transformer: optionalAddress })
  gatewayAddress: string | null;
}
