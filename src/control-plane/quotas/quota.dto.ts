import { ApiProperty } from '@nestjs/swagger';
import { IsInt, IsOptional, Max, Min } from 'class-validator';
import { IsLine, LIMITS, MayBeAbsent } from '../resource/validators.js';
import { PageQuery } from '../resource/resource.dto.js';

const MOST_ADDRESSES = 1_000_000_000_000;
const MOST_PORT_MAPS = 1_000_000_000;
/** What an owner holds is counted to here when nothing limits it. */
export const COUNTED = 1_000_000;

/** Limits of what an owner may hold; null is no limit. */
export class NewQuota {
  /** Addresses held, by whatever reservations and components. */
  @ApiProperty({ type: 'integer', required: false, nullable: true, minimum: 0, maximum: MOST_ADDRESSES })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(MOST_ADDRESSES)
  addresses?: number | null;

  /** Port maps held, those that are being removed included: they hold their ports. */
  @ApiProperty({ type: 'integer', required: false, nullable: true, minimum: 0, maximum: MOST_PORT_MAPS })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(MOST_PORT_MAPS)
  portMaps?: number | null;

  /** Addresses that one request may ask for. MAX_ADDRESSES_PER_REQUEST holds as well, for everybody. */
  @ApiProperty({ type: 'integer', required: false, nullable: true, minimum: 0, maximum: MOST_PORT_MAPS })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(MOST_PORT_MAPS)
  perRequest?: number | null;
}

/** What an owner may hold. */
export class QuotaDocument {
  /** A name or a project; `*` is for everybody who has no quota of his own. */
  @ApiProperty({ example: 'team-a' })
  owner: string;

  /** Addresses held at once; null is no limit. */
  @ApiProperty({ type: 'integer', nullable: true })
  addresses: number | null;

  /** Port maps held at once; null is no limit. */
  @ApiProperty({ type: 'integer', nullable: true })
  portMaps: number | null;

  /** Addresses of one request; null is no limit. */
  @ApiProperty({ type: 'integer', nullable: true })
  perRequest: number | null;

  /** When it was made (RFC 3339). */
  @ApiProperty({ type: String, format: 'date-time' })
  createdAt: Date;

  /** When it was last changed (RFC 3339). */
  @ApiProperty({ type: String, format: 'date-time' })
  updatedAt: Date;

  /** Grows with every change; the ETag is made of it. */
  @ApiProperty({ example: 1 })
  version: number;
}

export class QuotaList {
  @ApiProperty({ type: [QuotaDocument] })
  quotas: QuotaDocument[];

  /** Cursor of the next page; absent on the last. */
  @ApiProperty({ required: false })
  next?: string;
}

export class QuotaListQuery extends PageQuery {
  /** Only the quota of this owner. */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsLine(LIMITS.name)
  owner?: string;
}

/** What somebody holds. */
export class Held {
  /** Addresses, counted to 1,000,000. */
  @ApiProperty({ type: 'integer' })
  addresses: number;

  /** Port maps, counted to 1,000,000. */
  @ApiProperty({ type: 'integer' })
  portMaps: number;
}

/** What an owner may hold, and holds. */
export class QuotaUsage {
  @ApiProperty()
  owner: string;

  /** The quota that counts for this owner: its own, else the one of `*`; null without one. */
  @ApiProperty({ type: QuotaDocument, nullable: true })
  quota: QuotaDocument | null;

  @ApiProperty({ type: Held })
  held: Held;
}
