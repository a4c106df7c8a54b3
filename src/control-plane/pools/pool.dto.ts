import { ApiProperty } from '@nestjs/swagger';
import { commonOf, NewResource, ResourceChange, ResourceDocument, stampsOf } from '../resource/resource.dto.js';
import type { PoolEntity } from './pool.entity.js';

/** A container of subnets: within it subnets never overlap, across pools they may. */
export class PoolDocument extends ResourceDocument {
  static from(entity: PoolEntity): PoolDocument {
    return { ...commonOf(entity), ...stampsOf(entity) };
  }
}

export class PoolList {
  @ApiProperty({ type: [PoolDocument] })
  pools: PoolDocument[];

  /** Cursor of the next page; absent on the last. */
  @ApiProperty({ required: false })
  next?: string;
}

export class NewPool extends NewResource {}

export class PoolChange extends ResourceChange {}
