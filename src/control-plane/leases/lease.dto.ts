import { ApiProperty } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import { OwnedListQuery, ResourceChange, ResourceDocument } from '../resource/resource.dto.js';
import { BY_ADDRESS, SortParameter } from '../resource/sorting.js';
import { IsAddress, IsCidr, IsLine, MayBeAbsent } from '../resource/validators.js';
import type { LeaseEntity } from './lease.entity.js';

/** One address held by one reservation; it exists from claim to release. */
export class LeaseDocument extends ResourceDocument {
  /** Id (not name) of its subnet. */
  @ApiProperty()
  subnet: string;

  /** Id of the reservation that holds it. */
  @ApiProperty()
  reservation: string;

  /** Canonical text, no prefix length. */
  @ApiProperty({ example: '192.168.1.10' })
  address: string;

  /** When its reservation ends (RFC 3339); null when it does not end by itself. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  expiresAt: Date | null;

  static from(entity: LeaseEntity, expiresAt: Date | null): LeaseDocument {
    return {
      id: entity.id,
      name: entity.name,
      tags: entity.tags,
      metadata: entity.metadata,
      subnet: entity.subnetId,
      reservation: entity.reservationId,
      address: entity.address,
      expiresAt,
      createdAt: entity.createdAt,
      updatedAt: entity.updatedAt,
      version: entity.version,
    };
  }
}

export class LeaseList {
  @ApiProperty({ type: [LeaseDocument] })
  leases: LeaseDocument[];

  /** Cursor of the next page; absent on the last. */
  @ApiProperty({ required: false })
  next?: string;
}

/** Relations and the address are read-only: whatever is sent for them is ignored (contracts/rackhd.md section 5). */
export class LeaseChange extends ResourceChange {
  /** Ignored. */
  @ApiProperty({ required: false, deprecated: true })
  @IsOptional()
  @IsLine()
  subnet?: string;

  /** Ignored. */
  @ApiProperty({ required: false, deprecated: true })
  @IsOptional()
  @IsLine()
  reservation?: string;

  /** Ignored. */
  @ApiProperty({ required: false, deprecated: true })
  @IsOptional()
  @IsLine()
  address?: string;
}

export const LEASE_SORTS = BY_ADDRESS;

/** The owner of a lease is its reservation's. */
export class LeaseListQuery extends OwnedListQuery {
  /** Only those of this address, in whichever pool. */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsAddress()
  address?: string;

  /** Only those of an address inside this network. */
  @ApiProperty({ required: false, example: '10.20.0.0/24' })
  @MayBeAbsent()
  @IsCidr()
  within?: string;

  @SortParameter(LEASE_SORTS)
  declare sort?: string;
}
