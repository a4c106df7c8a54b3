import { Column, Entity } from 'typeorm';
import { addressText, ResourceEntity } from '../resource/resource.entity.js';

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
}
