import { Column, Entity } from 'typeorm';
import { ResourceEntity } from '../resource/resource.entity.js';

/** A receiver of events over HTTP. */
@Entity('webhook')
export class WebhookEntity extends ResourceEntity {
  @Column('text')
  url: string;

  @Column('text', { array: true })
  types: string[];

  @Column('text', { array: true })
  subjects: string[];

  @Column('text', { array: true })
  owners: string[];

  @Column('boolean')
  enabled: boolean;

  /** Why Berth disabled it by itself. */
  @Column('text', { name: 'disabled_reason', nullable: true })
  disabledReason: string | null;

  /** As SecretBox sealed it. */
  @Column('text')
  secret: string;

  @Column('text', { name: 'old_secret', nullable: true })
  oldSecret: string | null;

  @Column('timestamptz', { name: 'old_secret_until', nullable: true })
  oldSecretUntil: Date | null;
}
