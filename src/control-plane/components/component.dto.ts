import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsIn, IsInt, IsObject, Max, Min, ValidateNested } from 'class-validator';
import { PROTOCOLS, type Protocol } from '../../contract/desired-state.js';
import { LeaseDocument } from '../leases/lease.dto.js';
import { PortMapDocument } from '../port-maps/port-map.dto.js';
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
import type { ComponentEntity } from './component.entity.js';

/** A port of the component that is to be reached through the gateway. */
export class ComponentPort {
  /** Port on the machine. */
  @ApiProperty({ minimum: 1, maximum: 65535, example: 3389 })
  @IsPortNumber()
  targetPort: number;

  /** Default tcp. */
  @ApiProperty({ enum: PROTOCOLS, required: false, default: 'tcp' })
  @MayBeAbsent()
  @IsIn(PROTOCOLS)
  protocol?: Protocol;

  /** The port wanted on the gateway; left out: the lowest free one. */
  @ApiProperty({ required: false, minimum: 1, maximum: 65535 })
  @MayBeAbsent()
  @IsPortNumber()
  connectionPort?: number;
}

export class NewComponent extends NewResource {
  /** Unique among its owner's components. */
  @ApiProperty({ maxLength: 255, example: 'win1' })
  @IsLine()
  declare name: string;

  /** What it is (`GET /component-kinds` lists those with known ports; any other word is good too). */
  @ApiProperty({ maxLength: 64, example: 'windows' })
  @IsLine(64)
  kind: string;

  /** Id or name of the gateway. Left out: the caller's own gateway, or the only one there is. */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsLine()
  gateway?: string;

  /** Id or name of the pool to take addresses of. Left out, like `subnet`: the gateway's own pool. */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsLine()
  pool?: string;

  /** Id of the subnet to take addresses of, instead of a pool. */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsLine(64)
  subnet?: string;

  /** How many addresses; each gets all of the ports. Default 1. */
  @ApiProperty({ required: false, minimum: 1, maximum: 64, default: 1 })
  @MayBeAbsent()
  @IsInt()
  @Min(1)
  @Max(64)
  count?: number;

  /** What is to be reached through the gateway. Left out: the ports of the kind. */
  @ApiProperty({ type: [ComponentPort], required: false, maxItems: 64 })
  @MayBeAbsent()
  @IsArray()
  @ArrayMaxSize(64)
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => ComponentPort)
  ports?: ComponentPort[];

  /** Default: the caller. */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsLine()
  owner?: string;
}

export class ComponentChange extends ResourceChange {}

/** What a user created: its leases and port maps under one name. */
export class ComponentDocument extends ResourceDocument {
  @ApiProperty()
  owner: string;

  @ApiProperty({ example: 'windows' })
  kind: string;

  /** Id of the gateway. */
  @ApiProperty()
  gateway: string;

  /** Id of the reservation that holds its addresses; null when that was deleted by itself. */
  @ApiProperty({ type: String, nullable: true })
  reservation: string | null;

  @ApiProperty({ type: [LeaseDocument] })
  leases: LeaseDocument[];

  @ApiProperty({ type: [PortMapDocument] })
  portMaps: PortMapDocument[];

  static from(entity: ComponentEntity, leases: LeaseDocument[], portMaps: PortMapDocument[]): ComponentDocument {
    return {
      ...commonOf(entity),
      owner: entity.owner,
      kind: entity.kind,
      gateway: entity.gatewayId,
      reservation: entity.reservationId,
      leases,
      portMaps,
      ...stampsOf(entity),
    };
  }
}

export class ComponentList {
  @ApiProperty({ type: [ComponentDocument] })
  components: ComponentDocument[];

  /** Cursor of the next page; absent on the last. */
  @ApiProperty({ required: false })
  next?: string;
}

export const COMPONENT_SORTS = { ...BY_NAME, ...BY_CREATED_AT };

export class ComponentListQuery extends OwnedListQuery {
  /** Only those of this kind. */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsLine(64)
  kind?: string;

  /** Only those of this gateway (id). */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsLine(64)
  gateway?: string;

  /** Only those that hold this address. */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsAddress()
  address?: string;

  /** Only those that hold an address inside this network. */
  @ApiProperty({ required: false, example: '10.20.0.0/24' })
  @MayBeAbsent()
  @IsCidr()
  within?: string;

  @SortParameter(COMPONENT_SORTS)
  declare sort?: string;
}
