import { Column, Entity } from 'typeorm';
import type { Protocol } from '../../contract/desired-state.js';
import { addressText, networkTexts, OwnedEntity } from '../resource/resource.entity.js';

export const PORT_MAP_STATUSES = ['pending', 'active', 'failed', 'drifted', 'removing'] as const;
export type PortMapStatus = (typeof PORT_MAP_STATUSES)[number];

/** (gateway, protocol, connection port) -> (address, target port). */
@Entity('port_map')
export class PortMapEntity extends OwnedEntity {
  @Column('text', { name: 'gateway_id' })
  gatewayId: string;

  @Column('text')
  protocol: Protocol;

  @Column('integer', { name: 'connection_port' })
  connectionPort: number;

  @Column('text', { transformer: addressText })
  address: string;

  @Column('integer', { name: 'target_port' })
  targetPort: number;

  /** Ports in a row, from both ports on. */
  @Column('integer')
  size: number;

  @Column('text', { name: 'lease_id', nullable: true })
  leaseId: string | null;

  @Column('text', { name: 'component_id', nullable: true })
  componentId: string | null;

  /** Identity of its kernel rule, by content (contract/rule-id). */
  @Column('text', { name: 'rule_id' })
  ruleId: string;

  /** Networks that may connect, sorted; empty for everybody. */
  @Column('text', { array: true, transformer: networkTexts })
  sources: string[];

  @Column('timestamptz', { name: 'expires_at', nullable: true })
  expiresAt: Date | null;

  /** What the gateway has said of it. */
  @Column('text')
  status: PortMapStatus;

  @Column('text', { nullable: true })
  reason: string | null;
}
