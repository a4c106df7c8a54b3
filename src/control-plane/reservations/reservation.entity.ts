import { Column, Entity } from 'typeorm';
import { OwnedEntity } from '../resource/resource.entity.js';

/** A request for n addresses; it obtained its leases all at once. */
@Entity('reservation')
export class ReservationEntity extends OwnedEntity {
  @Column('text', { name: 'pool_id' })
  poolId: string;

  @Column('text', { name: 'subnet_id' })
  subnetId: string;

  @Column('timestamptz', { name: 'expires_at', nullable: true })
  expiresAt: Date | null;

  @Column('integer', { name: 'ttl_seconds', nullable: true })
  ttl: number | null;

  @Column('timestamptz', { name: 'notice_at', nullable: true })
  noticeAt: Date | null;
}
