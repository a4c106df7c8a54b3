import { Column, PrimaryColumn } from 'typeorm';
import { formatAddress, storedAddress } from '../../ip/address.js';
import { canonicalCidr } from '../../ip/cidr.js';
import { JsonText } from '../../platform/json/json-text.js';

/** A `json` column kept as the text it came in. */
export const jsonText = {
  from: (text: string): JsonText => new JsonText(text),
  to: (value: JsonText): string => value.text,
};

/** An `inet` column of one host, as canonical text (PostgreSQL writes `::1.2.3.4` its own way). */
export const addressText = {
  from: (text: string): string => (text.includes(':') ? formatAddress(storedAddress(text)) : text),
  to: (text: string): string => text,
};

/** A `cidr[]` column, as canonical text: PostgreSQL writes `::1.2.3.0/120` here too. */
export const networkTexts = {
  from: (texts: string[]): string[] => texts.map(canonicalCidr),
  to: (texts: string[]): string[] => texts,
};

/** The columns that every resource has (DESIGN, Words). Declared as text where TypeORM would parse or cast. */
export abstract class ResourceEntity {
  @PrimaryColumn('text')
  id: string;

  @Column('text')
  name: string;

  @Column('text', { array: true })
  tags: string[];

  @Column('text', { transformer: jsonText })
  metadata: JsonText;

  @Column('integer')
  version: number;

  @Column('timestamptz', { name: 'created_at' })
  createdAt: Date;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt: Date;
}

/** A resource that belongs to somebody. */
export abstract class OwnedEntity extends ResourceEntity {
  @Column('text')
  owner: string;
}
