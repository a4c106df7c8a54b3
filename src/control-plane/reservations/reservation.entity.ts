import { Column, Entity } from 'typeorm';
import { OwnedEntity } from '../resource/resource.entity.js';

/** A request for n addresses; it obtained its leases all at once. */
@Entity('reservation')
export class ReservationEntity extends OwnedEntity {
  @Column('text', { name: 'pool_id' })
  poolId: string;

  @Column('text', { name: 'subnet_id' })
  subnetId: string;
}
