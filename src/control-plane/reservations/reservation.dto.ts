import { ApiProperty } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, ArrayUnique, IsArray, IsInt, IsOptional, Max, Min } from 'class-validator';
import { JsonText } from '../../platform/json/json-text.js';
import { LeaseDocument } from '../leases/lease.dto.js';
import { commonOf, NewResource, ResourceChange, ResourceDocument, stampsOf } from '../resource/resource.dto.js';
import { IsAddress, IsLine, MayBeAbsent } from '../resource/validators.js';
import type { ReservationEntity } from './reservation.entity.js';

/** Addresses that one reservation can hold. */
export const MAX_COUNT = 4096;

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
    return {
      ...commonOf(entity),
      subnet: entity.subnetId,
      pool: entity.poolId,
      owner: entity.owner,
      leases,
      poolMetadata: parents.poolMetadata,
      subnetMetadata: parents.subnetMetadata,
      ...stampsOf(entity),
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
  @ApiProperty({ required: false, minimum: 1, maximum: MAX_COUNT, default: 1 })
  @MayBeAbsent()
  @IsInt()
  @Min(1)
  @Max(MAX_COUNT)
  count?: number;

  /** Exactly these addresses, instead of a count. Only on a subnet. */
  @ApiProperty({ required: false, type: [String], maxItems: MAX_COUNT })
  @MayBeAbsent()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_COUNT)
  @ArrayUnique()
  @IsAddress({ each: true })
  addresses?: string[];

  /** Default: the caller. */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsLine()
  owner?: string;

  /** Accepted because clients send it; ignored: the subnet is the one of the URL. */
  @ApiProperty({ required: false, deprecated: true })
  @IsOptional()
  @IsLine()
  subnet?: string;
}

export class ReservationChange extends ResourceChange {
  /** Accepted because clients send it; ignored: a reservation stays in its subnet. */
  @ApiProperty({ required: false, deprecated: true })
  @IsOptional()
  @IsLine()
  subnet?: string;
}
