import { ApiProperty } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
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
import { GATEWAY_MODES, type GatewayMode } from '../../contract/desired-state.js';
import {
  commonOf,
  NewResource,
  OwnedListQuery,
  ResourceChange,
  ResourceDocument,
  stampsOf,
} from '../resource/resource.dto.js';
import { BY_CREATED_AT, BY_NAME, SortParameter } from '../resource/sorting.js';
import { IsAddress, IsCidr, IsLine, IsPortNumber, MayBeAbsent } from '../resource/validators.js';
import type { GatewayEntity, GatewayPortsEntity } from './gateway.entity.js';

/** First and last connection port, both included. */
export class PortRange {
  @ApiProperty({ example: 50000 })
  @IsPortNumber()
  first: number;

  @ApiProperty({ example: 50100 })
  @IsPortNumber()
  last: number;
}

/** Connection ports by protocol. */
export class GatewayPorts {
  @ApiProperty({ type: PortRange, required: false })
  @MayBeAbsent()
  @IsObject()
  @ValidateNested()
  @Type(() => PortRange)
  tcp?: PortRange;

  @ApiProperty({ type: PortRange, required: false })
  @MayBeAbsent()
  @IsObject()
  @ValidateNested()
  @Type(() => PortRange)
  udp?: PortRange;
}

/** A machine with a public address that forwards. */
export class GatewayDocument extends ResourceDocument {
  /** Who may change it, and whose components use it by default. */
  @ApiProperty()
  owner: string;

  /** The public address. */
  @ApiProperty({ example: '192.0.2.10' })
  externalAddress: string;

  /** Networks behind it that plain-address port maps may lead to. */
  @ApiProperty({ type: [String], example: ['10.20.0.0/16'] })
  networks: string[];

  /** Id of the pool where its components take addresses by default. */
  @ApiProperty({ type: String, nullable: true })
  pool: string | null;

  @ApiProperty({ type: GatewayPorts })
  ports: GatewayPorts;

  /** Whether its agent applies rules or only plans them; null before it ever spoke. */
  @ApiProperty({ enum: GATEWAY_MODES, nullable: true })
  mode: GatewayMode | null;

  /** Generation of the desired state that it last reported on. */
  @ApiProperty({ type: Number, nullable: true })
  observedGeneration: number | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  lastSeenAt: Date | null;

  static from(entity: GatewayEntity, ports: readonly GatewayPortsEntity[]): GatewayDocument {
    return {
      ...commonOf(entity),
      owner: entity.owner,
      externalAddress: entity.externalAddress,
      networks: entity.networks,
      pool: entity.poolId,
      ports: Object.fromEntries(ports.map(({ protocol, first, last }) => [protocol, { first, last }])),
      mode: entity.mode,
      observedGeneration: entity.observedGeneration === null ? null : Number(entity.observedGeneration),
      lastSeenAt: entity.lastSeenAt,
      ...stampsOf(entity),
    };
  }
}

export class GatewayList {
  @ApiProperty({ type: [GatewayDocument] })
  gateways: GatewayDocument[];

  /** Cursor of the next page; absent on the last. */
  @ApiProperty({ required: false })
  next?: string;
}

export class NewGateway extends NewResource {
  /** Unique. */
  @ApiProperty({ maxLength: 255 })
  @IsLine()
  declare name: string;

  @ApiProperty({ example: '192.0.2.10' })
  @IsAddress()
  externalAddress: string;

  /** Default: the caller. */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsLine()
  owner?: string;

  @ApiProperty({ type: [String], required: false, maxItems: 64 })
  @MayBeAbsent()
  @IsArray()
  @ArrayMaxSize(64)
  @IsCidr({ each: true })
  networks?: string[];

  /** Id or name of the pool where components take addresses by default. */
  @ApiProperty({ type: String, required: false, nullable: true })
  @IsOptional()
  @IsLine()
  pool?: string | null;

  /** Default 50000 to 50100 for each protocol. */
  @ApiProperty({ type: GatewayPorts, required: false })
  @MayBeAbsent()
  @IsObject()
  @ValidateNested()
  @Type(() => GatewayPorts)
  ports?: GatewayPorts;
}

export class GatewayChange extends ResourceChange {
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsLine()
  owner?: string;

  @ApiProperty({ type: [String], required: false, maxItems: 64 })
  @MayBeAbsent()
  @IsArray()
  @ArrayMaxSize(64)
  @IsCidr({ each: true })
  networks?: string[];

  /** Id or name; null for none. */
  @ApiProperty({ type: String, required: false, nullable: true })
  @IsOptional()
  @IsLine()
  pool?: string | null;

  /** Ranges to change; a port in use must not fall out. */
  @ApiProperty({ type: GatewayPorts, required: false })
  @MayBeAbsent()
  @IsObject()
  @ValidateNested()
  @Type(() => GatewayPorts)
  ports?: GatewayPorts;
}

export class GatewayDelete {
  /** Delete it with its components and port maps, without waiting for the gateway to confirm that its rules are gone. */
  @ApiProperty({ required: false, type: Boolean })
  @MayBeAbsent()
  @Transform(({ value }: { value: unknown }) =>
    value === 'true' || value === '' ? true : value === 'false' ? false : value,
  )
  @IsBoolean()
  force?: boolean;
}

export class DesiredStateQuery {
  /** Generation that the caller has: the answer comes when there is a later one. Left out: at once. */
  @ApiProperty({ required: false, minimum: 0 })
  @MayBeAbsent()
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  after?: number;

  /** Seconds to wait for one, 0 to 60; then 204. */
  @ApiProperty({ required: false, minimum: 0, maximum: 60, default: 0 })
  @MayBeAbsent()
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(60)
  wait?: number;

  /** `true`: each map comes with its name, its owner and its component, for the flow log. */
  @ApiProperty({ required: false, enum: ['true', 'false'], default: 'false' })
  @MayBeAbsent()
  @IsIn(['true', 'false'])
  labels?: 'true' | 'false';
}

export const GATEWAY_SORTS = { ...BY_NAME, ...BY_CREATED_AT };

export class GatewayListQuery extends OwnedListQuery {
  @SortParameter(GATEWAY_SORTS)
  declare sort?: string;
}
