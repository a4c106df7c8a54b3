import { Column, Entity } from 'typeorm';
import { addressText, ResourceEntity } from '../resource/resource.entity.js';

/** One address held by one reservation. */
@Entity('lease')
export class LeaseEntity extends ResourceEntity {
  @Column('text', { name: 'subnet_id' })
  subnetId: string;

  @Column('text', { name: 'reservation_id' })
  reservationId: string;

  @Column('text', { transformer: addressText })
  address: string;
}
