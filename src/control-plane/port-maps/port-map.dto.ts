import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsIn, IsInt, IsOptional, Max, Min } from 'class-validator';
import { MAX_SIZE, MAX_SOURCES, PROTOCOLS, type Protocol } from '../../contract/desired-state.js';
import {
  commonOf,
  NewResource,
  OwnedListQuery,
  ResourceChange,
  ResourceDocument,
  stampsOf,
} from '../resource/resource.dto.js';
import { MAX_TTL } from '../reservations/expiry.js';
import { IsTime } from '../resource/time.js';
import { BY_ADDRESS, SortParameter } from '../resource/sorting.js';
import { IsAddress, IsCidr, IsLine, IsPortNumber, MayBeAbsent } from '../resource/validators.js';
import { PORT_MAP_STATUSES, type PortMapEntity, type PortMapStatus } from './port-map.entity.js';

/** A port of a gateway that leads to a port of a machine behind it. */
export class PortMapDocument extends ResourceDocument {
  /** Who may change it. */
  @ApiProperty()
  owner: string;

  /** Id of its gateway. */
  @ApiProperty()
  gateway: string;

  /** The gateway's address: connect to this, at `connectionPort`. */
  @ApiProperty({ example: '192.0.2.10' })
  externalAddress: string;

  @ApiProperty({ enum: PROTOCOLS })
  protocol: Protocol;

  /** Port on the gateway. */
  @ApiProperty({ example: 50000 })
  connectionPort: number;

  /** Address of the machine. */
  @ApiProperty({ example: '10.20.0.7' })
  address: string;

  /** Port on the machine. */
  @ApiProperty({ example: 3389 })
  targetPort: number;

  /** Ports in a row: as many from `connectionPort` on lead to as many from `targetPort` on, each to its own. */
  @ApiProperty({ type: 'integer', example: 1 })
  size: number;

  /** Id of the lease it leads to; null for a plain address. */
  @ApiProperty({ type: String, nullable: true })
  lease: string | null;

  /** Id of the component it was made with; null for one made by itself. */
  @ApiProperty({ type: String, nullable: true })
  component: string | null;

  /** Networks that may connect; empty: everybody may. */
  @ApiProperty({ type: [String], example: ['198.51.100.0/24'] })
  sources: string[];

  /** When it ends by itself (RFC 3339); null: not before somebody ends it. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  expiresAt: Date | null;

  /**
   * `pending`: the gateway has not confirmed it yet. `active`: its rule was read back from the kernel. `failed`: the
   * gateway could not apply it. `drifted`: the rule was found changed and is being repaired. `removing`: deleted; the
   * port is free again when the gateway confirms that the rule is gone.
   */
  @ApiProperty({ enum: PORT_MAP_STATUSES })
  status: PortMapStatus;

  /** Why it is not active; null when it is. */
  @ApiProperty({ type: String, nullable: true })
  reason: string | null;

  static from(entity: PortMapEntity, externalAddress: string): PortMapDocument {
    return {
      ...commonOf(entity),
      owner: entity.owner,
      gateway: entity.gatewayId,
      externalAddress,
      protocol: entity.protocol,
      connectionPort: entity.connectionPort,
      address: entity.address,
      targetPort: entity.targetPort,
      size: entity.size,
      lease: entity.leaseId,
      component: entity.componentId,
      sources: entity.sources,
      expiresAt: entity.expiresAt,
      status: entity.status,
      reason: entity.reason,
      ...stampsOf(entity),
    };
  }
}

export class PortMapList {
  @ApiProperty({ type: [PortMapDocument] })
  portMaps: PortMapDocument[];

  /** Cursor of the next page; absent on the last. */
  @ApiProperty({ required: false })
  next?: string;
}

export class NewPortMap extends NewResource {
  /** Id or name of the gateway. Left out: the caller's own gateway, or the only one there is. */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsLine()
  gateway?: string;

  /** Default tcp. */
  @ApiProperty({ enum: PROTOCOLS, required: false, default: 'tcp' })
  @MayBeAbsent()
  @IsIn(PROTOCOLS)
  protocol?: Protocol;

  /** The port wanted on the gateway. Left out: the lowest free one. */
  @ApiProperty({ required: false, minimum: 1, maximum: 65535 })
  @MayBeAbsent()
  @IsPortNumber()
  connectionPort?: number;

  /**
   * Ports in a row: as many from `connectionPort` on lead to as many from `targetPort` on, each to its own. Without
   * `connectionPort` the lowest that are free in a row. Default 1.
   */
  @ApiProperty({ type: 'integer', required: false, minimum: 1, maximum: MAX_SIZE })
  @MayBeAbsent()
  @IsInt()
  @Min(1)
  @Max(MAX_SIZE)
  size?: number;

  /** Id of the lease to lead to; either this or `address`. */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsLine(64)
  lease?: string;

  /** A plain address to lead to, inside one of the gateway's networks; either this or `lease`. */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsAddress()
  address?: string;

  /** Port on the machine. */
  @ApiProperty({ minimum: 1, maximum: 65535 })
  @IsPortNumber()
  targetPort: number;

  /** Whose it is. Default: the caller's. */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsLine()
  owner?: string;

  /** Networks that may connect, of the family of the gateway's external address. Left out or empty: everybody may. */
  @ApiProperty({ type: [String], required: false, maxItems: MAX_SOURCES, example: ['198.51.100.0/24'] })
  @MayBeAbsent()
  @IsArray()
  @ArrayMaxSize(MAX_SOURCES)
  @IsCidr({ each: true })
  sources?: string[];

  /** Seconds until it ends by itself; or `expiresAt`, not both. Left out: it does not end. */
  @ApiProperty({ type: 'integer', required: false, minimum: 1, maximum: MAX_TTL, example: 7200 })
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
}

export class PortMapChange extends ResourceChange {
  /** Networks that may connect from now on; empty or null: everybody may. Who may no more is cut off at once. */
  @ApiProperty({ type: [String], required: false, nullable: true, maxItems: MAX_SOURCES })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MAX_SOURCES)
  @IsCidr({ each: true })
  sources?: string[] | null;

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
}

export const PORT_MAP_SORTS = {
  ...BY_ADDRESS,
  connectionPort: { expression: 'r.connection_port', type: 'integer' },
} as const;

export class PortMapListQuery extends OwnedListQuery {
  /** Only those of this gateway (id). */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsLine(64)
  gateway?: string;

  /** Only those that lead to this address. */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsAddress()
  address?: string;

  /** Only those of this component (id). */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsLine(64)
  component?: string;

  /** Only those with this status. */
  @ApiProperty({ required: false, enum: PORT_MAP_STATUSES })
  @MayBeAbsent()
  @IsIn(PORT_MAP_STATUSES)
  status?: PortMapStatus;

  /** Only those that lead into this network. */
  @ApiProperty({ required: false, example: '10.20.0.0/24' })
  @MayBeAbsent()
  @IsCidr()
  within?: string;

  /** Only those of this port of a gateway. */
  @ApiProperty({ type: 'integer', required: false, minimum: 1, maximum: 65535 })
  @MayBeAbsent()
  @Type(() => Number)
  @IsPortNumber()
  connectionPort?: number;

  @SortParameter(PORT_MAP_SORTS)
  declare sort?: string;
}
