import { ApiProperty } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import { storedAddress } from '../../ip/address.js';
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
import type { SubnetEntity } from './subnet.entity.js';

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

  static from(entity: SubnetEntity): SubnetDocument {
    return {
      ...commonOf(entity),
      pool: entity.poolId,
      start: entity.first,
      end: entity.last,
      family: storedAddress(entity.first).family,
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

export class NewSubnet extends NewResource {
  /** First address. */
  @ApiProperty({ example: '192.168.1.10' })
  @IsAddress()
  start: string;

  /** Last address, of the same family. */
  @ApiProperty({ example: '192.168.1.11' })
  @IsAddress()
  end: string;

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

  /** Accepted because clients send it; ignored: a subnet stays in its pool. */
  @ApiProperty({ required: false, deprecated: true })
  @IsOptional()
  @IsLine()
  pool?: string;
}

export const SUBNET_SORTS = {
  ...BY_NAME,
  ...BY_CREATED_AT,
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
