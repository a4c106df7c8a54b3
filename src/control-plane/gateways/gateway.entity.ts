import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { GatewayMode, Protocol } from '../../contract/desired-state.js';
import { addressText, networkTexts, OwnedEntity } from '../resource/resource.entity.js';

/** A machine with a public address that forwards. */
@Entity('gateway')
export class GatewayEntity extends OwnedEntity {
  @Column('text', { name: 'external_address', transformer: addressText })
  externalAddress: string;

  /** Networks behind it: plain addresses that its port maps may lead to. */
  @Column('text', { array: true, transformer: networkTexts })
  networks: string[];

  /** Where its components take their addresses unless they say otherwise. */
  @Column('text', { name: 'pool_id', nullable: true })
  poolId: string | null;

  /** How its agent last said it works; null before it ever spoke. */
  @Column('text', { nullable: true })
  mode: GatewayMode | null;

  @Column('bigint', { name: 'observed_generation', nullable: true })
  observedGeneration: string | null;

  @Column('timestamptz', { name: 'last_seen_at', nullable: true })
  lastSeenAt: Date | null;
}

/** The connection ports of a gateway for one protocol. */
@Entity('gateway_ports')
export class GatewayPortsEntity {
  @PrimaryColumn('text', { name: 'gateway_id' })
  gatewayId: string;

  @PrimaryColumn('text')
  protocol: Protocol;

  @Column('integer')
  first: number;

  @Column('integer')
  last: number;

  /** Where its free ports are kept. */
  @Column('bigint', { name: 'space_id' })
  spaceId: string;
}
