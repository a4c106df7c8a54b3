import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { POLICIES, type Policy } from '../allocation/need.js';
import { BY_CAPACITY } from '../capacity/capacity-sorts.js';
import { CapacityDocument } from '../capacity/capacity.dto.js';
import { IsThresholds, MAX_THRESHOLDS } from '../capacity/thresholds.dto.js';
import { PoolDns, PoolDnsChange } from '../dns/pool-dns.dto.js';
import { commonOf, ListQuery, ResourceChange, ResourceDocument, stampsOf } from '../resource/resource.dto.js';
import { BY_CREATED_AT, BY_NAME, SortParameter } from '../resource/sorting.js';
import { IsCidr, MayBeAbsent } from '../resource/validators.js';
import type { PoolEntity } from './pool.entity.js';

/** A container of subnets: within it subnets never overlap, across pools they may. */
export class PoolDocument extends ResourceDocument {
  /** Which free address a request gets that names none: the first (lowest), one at random, or the least recently released. */
  @ApiProperty({ enum: POLICIES })
  policy: Policy;

  /** For how many seconds a released address rests before anybody but its last owner may have it. */
  @ApiProperty({ type: 'integer', example: 0 })
  quarantine: number;

  /** Whether resting addresses are given before their time, oldest first, when nothing else is left. */
  @ApiProperty()
  reuseEarly: boolean;

  /** Networks that all its subnets lie in, and that subnets are carved from by length; empty = subnets may lie anywhere. */
  @ApiProperty({ type: [String], example: ['10.0.0.0/8'] })
  supernets: string[];

  /** Utilization in percent at which `ipam.pool.threshold` is told. */
  @ApiProperty({ type: 'array', items: { type: 'integer' }, example: [80, 95] })
  thresholds: number[];

  /** Where the names of its leases are kept in DNS; absent: nowhere. */
  @ApiProperty({ type: PoolDns, required: false })
  dns?: PoolDns;

  /** How full it is, as counted some seconds ago; in answers to GET. Not part of what the ETag stands for. */
  @ApiProperty({ type: CapacityDocument, required: false })
  capacity?: CapacityDocument;

  static from(entity: PoolEntity, capacity?: CapacityDocument): PoolDocument {
    const { policy, quarantine, reuseEarly, supernets, thresholds, dns } = entity;
    const counted = capacity === undefined ? {} : { capacity };
    return {
      ...commonOf(entity),
      ...{ policy, quarantine, reuseEarly, supernets, thresholds },
      ...(dns === null ? {} : { dns }),
      ...counted,
      ...stampsOf(entity),
    };
  }
}

export class PoolList {
  @ApiProperty({ type: [PoolDocument] })
  pools: PoolDocument[];

  /** Cursor of the next page; absent on the last. */
  @ApiProperty({ required: false })
  next?: string;
}

/** A year. */
const MAX_QUARANTINE = 31_536_000;
const MAX_SUPERNETS = 256;

/** What is left out of a change, PUT or PATCH, stays: clients that know nothing of it must not undo it. */
export class PoolChange extends ResourceChange {
  /**
   * Which free address a request gets that names none. `first`: the lowest. `random`: any, so that nobody can foresee it.
   * `least-recently-released`: those never used, then the one whose rest ended first. Default `first`.
   */
  @ApiProperty({ required: false, enum: POLICIES })
  @MayBeAbsent()
  @IsIn(POLICIES)
  policy?: Policy;

  /** Seconds that an address rests after its release; only its last owner may have it before. Default 0: none. */
  @ApiProperty({ required: false, type: 'integer', minimum: 0, maximum: MAX_QUARANTINE })
  @MayBeAbsent()
  @IsInt()
  @Min(0)
  @Max(MAX_QUARANTINE)
  quarantine?: number;

  /** Give resting addresses before their time, oldest first, when nothing else is left. Default false. */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsBoolean()
  reuseEarly?: boolean;

  /** Networks that all its subnets shall lie in, and that subnets are carved from by length. They must not overlap. */
  @ApiProperty({ required: false, type: [String], nullable: true, maxItems: MAX_SUPERNETS, example: ['10.0.0.0/8'] })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MAX_SUPERNETS)
  @IsCidr({ each: true })
  supernets?: string[] | null;

  /** Percent of utilization at which events tell of a crossing; none of them: an empty list. Default 80 and 95. */
  @ApiProperty({
    required: false,
    type: 'array',
    items: { type: 'integer' },
    maxItems: MAX_THRESHOLDS,
    example: [80, 95],
  })
  @MayBeAbsent()
  @IsThresholds()
  thresholds?: number[];

  /** Keep the names of its leases in DNS; what is left out of a change stays, null ends it and takes the records away. */
  @ApiProperty({ required: false, type: PoolDnsChange, nullable: true })
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => PoolDnsChange)
  dns?: PoolDnsChange | null;
}

export class NewPool extends PoolChange {
  /** The client's own choice: 24 hexadecimal digits or a UUID. Left out or empty: Berth makes one. */
  @ApiProperty({ required: false, example: '6b024480686c824ea09e15b6' })
  declare id?: string;
}

export const POOL_SORTS = { ...BY_NAME, ...BY_CREATED_AT, ...BY_CAPACITY };

export class PoolListQuery extends ListQuery {
  @SortParameter(POOL_SORTS)
  declare sort?: string;
}
