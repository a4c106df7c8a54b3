import { ApiProperty } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsOptional,
  Max,
  Min,
} from 'class-validator';
import { JsonText } from '../../platform/json/json-text.js';
import { LeaseDocument } from '../leases/lease.dto.js';
import { NewResource, OwnedListQuery, ResourceChange, ResourceDocument } from '../resource/resource.dto.js';
import { SortParameter } from '../resource/sorting.js';
import { IsAddress, IsCidr, IsLine, MayBeAbsent } from '../resource/validators.js';
import { IsTime } from '../resource/time.js';
import { MAX_TTL } from './expiry.js';
import type { ReservationEntity } from './reservation.entity.js';

/** Addresses that one reservation can hold. */
export const MAX_COUNT = 4096;

const OTHERWISE = ['refuse', 'next'] as const;

/** A request for n addresses of a pool or a subnet; it obtains leases all at once or not at all. */
export class ReservationDocument extends ResourceDocument {
  /** Id (not name) of the subnet that its addresses are of. */
  @ApiProperty()
  subnet: string;

  /** Id of the subnet's pool. */
  @ApiProperty()
  pool: string;

  /** Who may change it. */
  @ApiProperty()
  owner: string;

  /** What it holds, in order of addresses. */
  @ApiProperty({ type: [LeaseDocument] })
  leases: LeaseDocument[];

  /** When it ends by itself (RFC 3339); null: not before somebody ends it. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  expiresAt: Date | null;

  /** Seconds that renewing adds when it does not say; null when the end was given as a time, or there is none. */
  @ApiProperty({ type: 'integer', nullable: true, example: 7200 })
  ttl: number | null;

  /** The pool's metadata. */
  @ApiProperty({ type: Object, additionalProperties: true, nullable: true })
  poolMetadata: JsonText;

  /** The subnet's metadata. */
  @ApiProperty({ type: Object, additionalProperties: true, nullable: true })
  subnetMetadata: JsonText;

  static from(
    entity: ReservationEntity,
    leases: LeaseDocument[],
    parents: { poolMetadata: JsonText; subnetMetadata: JsonText },
  ): ReservationDocument {
    // member by member: this runs for every reservation that is made, and spreading costs ten times as much
    return {
      id: entity.id,
      name: entity.name,
      tags: entity.tags,
      metadata: entity.metadata,
      subnet: entity.subnetId,
      pool: entity.poolId,
      owner: entity.owner,
      leases,
      expiresAt: entity.expiresAt,
      ttl: entity.ttl,
      poolMetadata: parents.poolMetadata,
      subnetMetadata: parents.subnetMetadata,
      createdAt: entity.createdAt,
      updatedAt: entity.updatedAt,
      version: entity.version,
    };
  }
}

export class ReservationList {
  @ApiProperty({ type: [ReservationDocument] })
  reservations: ReservationDocument[];

  /** Cursor of the next page; absent on the last. */
  @ApiProperty({ required: false })
  next?: string;
}

export class NewReservation extends NewResource {
  /** How many addresses. Default 1. */
  @ApiProperty({ required: false, minimum: 1, maximum: MAX_COUNT })
  @MayBeAbsent()
  @IsInt()
  @Min(1)
  @Max(MAX_COUNT)
  count?: number;

  /** Exactly these addresses, instead of a count; all of one subnet. */
  @ApiProperty({ required: false, type: [String], maxItems: MAX_COUNT })
  @MayBeAbsent()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_COUNT)
  @ArrayUnique()
  @IsAddress({ each: true })
  addresses?: string[];

  /** With `addresses`: `refuse` (the default) when one of them is not free, or take the `next` free one in its place. */
  @ApiProperty({ required: false, enum: OTHERWISE })
  @MayBeAbsent()
  @IsIn(OTHERWISE)
  otherwise?: (typeof OTHERWISE)[number];

  /** All `count` addresses in a row, in the shortest stretch of free ones where they fit. Default false. */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsBoolean()
  contiguous?: boolean;

  /** As `contiguous`, and the first address is a multiple of this power of two. */
  @ApiProperty({ required: false, type: 'integer', minimum: 1, maximum: MAX_COUNT })
  @MayBeAbsent()
  @IsInt()
  @Min(1)
  @Max(MAX_COUNT)
  align?: number;

  /**
   * All addresses of one network of this prefix length, instead of a count: 28 is sixteen in a row, aligned to sixteen.
   * 20 to 32 (IPv4) or 116 to 128 (IPv6).
   */
  @ApiProperty({ required: false, type: 'integer', minimum: 20, maximum: 128 })
  @MayBeAbsent()
  @IsInt()
  @Min(20)
  @Max(128)
  prefixLength?: number;

  /** Default: the caller. */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsLine()
  owner?: string;

  /** Seconds until it ends by itself, unless it is renewed; or `expiresAt`, not both. Left out: it does not end. */
  @ApiProperty({ required: false, minimum: 1, maximum: MAX_TTL, example: 7200 })
  @MayBeAbsent()
  @IsInt()
  @Min(1)
  @Max(MAX_TTL)
  ttl?: number;

  /** When it ends by itself (RFC 3339), in the future and within ten years. */
  @ApiProperty({ required: false, format: 'date-time' })
  @MayBeAbsent()
  @IsTime()
  expiresAt?: string;

  /** Accepted because clients send it; ignored: the subnet is the one of the URL. */
  @ApiProperty({ required: false, deprecated: true })
  @IsOptional()
  @IsLine()
  subnet?: string;
}

export class NewReservationQuery {
  /**
   * Answer with the reservation as it would be, and do nothing: no address is taken, nobody is told. A preview; it holds
   * nothing.
   */
  @ApiProperty({ required: false, enum: ['true', 'false'] })
  @MayBeAbsent()
  @IsIn(['true', 'false'], { message: 'must be true or false' })
  dryRun?: 'true' | 'false';
}

export class ReservationChange extends ResourceChange {
  /** Seconds from now until it ends by itself; null: it does not end any more. Left out: the end stays as it is. */
  @ApiProperty({ type: 'integer', required: false, nullable: true, minimum: 1, maximum: MAX_TTL })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_TTL)
  ttl?: number | null;

  /** When it ends by itself (RFC 3339); null: not any more. Left out: the end stays as it is. */
  @ApiProperty({ type: String, required: false, nullable: true, format: 'date-time' })
  @IsOptional()
  @IsTime()
  expiresAt?: string | null;

  /** Accepted because clients send it; ignored: a reservation stays in its subnet. */
  @ApiProperty({ required: false, deprecated: true })
  @IsOptional()
  @IsLine()
  subnet?: string;
}

/** For how much longer. Neither: for the reservation's own ttl again. */
export class Renewal {
  /** Seconds from now; becomes the reservation's ttl. */
  @ApiProperty({ required: false, minimum: 1, maximum: MAX_TTL, example: 7200 })
  @MayBeAbsent()
  @IsInt()
  @Min(1)
  @Max(MAX_TTL)
  ttl?: number;

  /** Until then (RFC 3339), in the future and within ten years. */
  @ApiProperty({ required: false, format: 'date-time' })
  @MayBeAbsent()
  @IsTime()
  expiresAt?: string;
}

export class ReservationListQuery extends OwnedListQuery {
  /** Only the one that holds this address, in each pool. */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsAddress()
  address?: string;

  /** Only those that hold an address inside this network. */
  @ApiProperty({ required: false, example: '10.20.0.0/24' })
  @MayBeAbsent()
  @IsCidr()
  within?: string;

  /** Only those that end before this time (RFC 3339). */
  @ApiProperty({ required: false, format: 'date-time' })
  @MayBeAbsent()
  @IsTime()
  expiresBefore?: string;

  @SortParameter({})
  declare sort?: string;
}
