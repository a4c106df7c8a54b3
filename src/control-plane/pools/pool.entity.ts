import { Column, Entity } from 'typeorm';
import type { Policy } from '../allocation/need.js';
import { ResourceEntity } from '../resource/resource.entity.js';

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
}
