import { Column, Entity } from 'typeorm';
import { OwnedEntity } from '../resource/resource.entity.js';

/** What a user created: its leases and port maps under one name, claimed and released together. */
@Entity('component')
export class ComponentEntity extends OwnedEntity {
  @Column('text')
  kind: string;

  @Column('text', { name: 'gateway_id' })
  gatewayId: string;

  @Column('text', { name: 'reservation_id', nullable: true })
  reservationId: string | null;

  /** SHA-256 of the request that made it. */
  @Column('text')
  request: string;
}
