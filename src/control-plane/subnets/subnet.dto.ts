import { ApiProperty } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import { IsBoolean, IsIn, IsInt, IsObject, IsOptional, Max, Min, ValidateNested } from 'class-validator';
import { storedAddress, type Family } from '../../ip/address.js';
import { BY_CAPACITY } from '../capacity/capacity-sorts.js';
import { CapacityDocument } from '../capacity/capacity.dto.js';
import {
  commonOf,
  ListQuery,
  NewResource,
  ResourceChange,
  ResourceDocument,
  stampsOf,
} from '../resource/resource.dto.js';
import { BY_CREATED_AT, BY_NAME, SortParameter } from '../resource/sorting.js';
import { IsAddress, IsAddressOrCidr, IsCidr, IsLine, MayBeAbsent } from '../resource/validators.js';
import { ExclusionsChange, ExclusionsDocument } from './exclusions.dto.js';
import type { SubnetEntity } from './subnet.entity.js';
import { networkText } from './subnet-range.js';

/** A range of addresses that it manages, both ends included. */
export class SubnetDocument extends ResourceDocument {
  /** Id (not name) of its pool. */
  @ApiProperty()
  pool: string;

  /** First address, canonical text. */
  @ApiProperty({ example: '192.168.1.10' })
  start: string;

  /** Last address, canonical text. */
  @ApiProperty({ example: '192.168.1.11' })
  end: string;

  /** 4 or 6. */
  @ApiProperty({ enum: [4, 6] })
  family: number;

  /** The network that start to end exactly is; null when it is none. */
  @ApiProperty({ type: String, nullable: true, example: null })
  cidr: string | null;

  /** Its router's address, which nobody else gets. */
  @ApiProperty({ type: String, nullable: true, example: '192.168.1.1' })
  gatewayAddress: string | null;

  /** Which other addresses nobody gets. */
  @ApiProperty({ type: ExclusionsDocument })
  exclusions: ExclusionsDocument;

  /** How full it is, as counted some seconds ago; in answers to GET. Not part of what the ETag stands for. */
  @ApiProperty({ type: CapacityDocument, required: false })
  capacity?: CapacityDocument;

  static from(entity: SubnetEntity, capacity?: CapacityDocument): SubnetDocument {
    return {
      ...commonOf(entity),
      pool: entity.poolId,
      start: entity.first,
      end: entity.last,
      family: storedAddress(entity.first).family,
      cidr: networkText(entity),
      gatewayAddress: entity.gatewayAddress,
      exclusions: entity.exclusions,
      ...(capacity === undefined ? {} : { capacity }),
      ...stampsOf(entity),
    };
  }
}

export class SubnetList {
  @ApiProperty({ type: [SubnetDocument] })
  subnets: SubnetDocument[];

  /** Cursor of the next page; absent on the last. */
  @ApiProperty({ required: false })
  next?: string;
}

/** Its addresses are given as first and last, or as a network, or as the length of one that Berth finds. */
export class NewSubnet extends NewResource {
  /** First address. */
  @ApiProperty({ required: false, example: '192.168.1.10' })
  @MayBeAbsent()
  @IsAddress()
  start?: string;

  /** Last address, of the same family. */
  @ApiProperty({ required: false, example: '192.168.1.11' })
  @MayBeAbsent()
  @IsAddress()
  end?: string;

  /** All addresses of a network, instead of start and end. */
  @ApiProperty({ required: false, type: String, nullable: true, example: '10.1.0.0/24' })
  @IsOptional()
  @IsCidr()
  cidr?: string | null;

  /** The next free network of this length in the pool's supernets, instead of cidr. */
  @ApiProperty({ required: false, type: 'integer', minimum: 0, maximum: 128, example: 24 })
  @MayBeAbsent()
  @IsInt()
  @Min(0)
  @Max(128)
  prefixLength?: number;

  /** With prefixLength, in a pool that has supernets of both families: 4 or 6. */
  @ApiProperty({ required: false, type: 'integer', enum: [4, 6] })
  @MayBeAbsent()
  @IsIn([4, 6], { message: 'must be 4 or 6' })
  family?: Family;

  /** An address of it that is its router's: nobody else gets it. */
  @ApiProperty({ required: false, type: String, nullable: true, example: '10.1.0.1' })
  @IsOptional()
  @IsAddress()
  gatewayAddress?: string | null;

  /** Which other addresses nobody gets; null: none. Default: none of start and end, of a network what no machine can have. */
  @ApiProperty({ required: false, type: ExclusionsChange, nullable: true })
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => ExclusionsChange)
  exclusions?: ExclusionsChange | null;

  /** Accepted because clients send it; ignored: the pool is the one of the URL. */
  @ApiProperty({ required: false, deprecated: true })
  @IsOptional()
  @IsLine()
  pool?: string;
}

export class SubnetChange extends ResourceChange {
  /** New first address; left out or "" = unchanged. */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsLine(64)
  start?: string;

  /** New last address; left out or "" = unchanged. */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsLine(64)
  end?: string;

  /** New range as a network, instead of start and end; left out, null or "" = unchanged. */
  @ApiProperty({ required: false, type: String, nullable: true })
  @IsOptional()
  @IsLine(64)
  cidr?: string | null;

  /** New address of its router; left out or "" = unchanged, null = none. */
  @ApiProperty({ required: false, type: String, nullable: true })
  @IsOptional()
  @IsLine(64)
  gatewayAddress?: string | null;

  /** Rules to change; what is left out stays, null = no rules at all. */
  @ApiProperty({ required: false, type: ExclusionsChange, nullable: true })
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => ExclusionsChange)
  exclusions?: ExclusionsChange | null;

  /** Accepted because clients send it; ignored: a subnet stays in its pool. */
  @ApiProperty({ required: false, deprecated: true })
  @IsOptional()
  @IsLine()
  pool?: string;
}

export class NewSubnetQuery {
  /** Answer with the subnet as it would be, and do nothing. A preview; it holds nothing. */
  @ApiProperty({ required: false, type: Boolean, default: false })
  @MayBeAbsent()
  @Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value))
  @IsBoolean({ message: 'must be true or false' })
  dryRun?: boolean;
}

export const SUBNET_SORTS = {
  ...BY_NAME,
  ...BY_CREATED_AT,
  ...BY_CAPACITY,
  start: { expression: 'r.first', type: 'inet' },
} as const;

export class SubnetListQuery extends ListQuery {
  /** Only the one subnet of each pool that contains this address. */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsAddress()
  address?: string;

  /** Only those that contain this address, or all of this network. */
  @ApiProperty({ required: false, example: '10.20.0.0/24' })
  @MayBeAbsent()
  @IsAddressOrCidr()
  contains?: string;

  /** Only those that lie inside this network. */
  @ApiProperty({ required: false, example: '10.20.0.0/16' })
  @MayBeAbsent()
  @IsCidr()
  within?: string;

  @SortParameter(SUBNET_SORTS)
  declare sort?: string;
}
