import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsInt,
  IsObject,
  IsOptional,
  Matches,
  Max,
  Min,
  ValidateBy,
  ValidateNested,
} from 'class-validator';
import { USAGE_LIMITS, type ClientUsage, type MapUsage, type UsageReport } from '../../contract/usage.js';
import { IsTime, parseTime } from '../resource/time.js';
import { IsAddress, IsLine, MayBeAbsent } from '../resource/validators.js';

const ID = /^([0-9a-f]{24}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** A day of the calendar, without a time. */
function IsDay(): PropertyDecorator {
  return ValidateBy({
    name: 'isDay',
    validator: {
      validate: (value: unknown) =>
        typeof value === 'string' && /^20\d\d-\d\d-\d\d$/.test(value) && parseTime(`${value}T00:00:00Z`) !== undefined,
      defaultMessage: () => 'must be a day such as 2030-01-31',
    },
  });
}

/** A count: what JSON numbers hold exactly. */
function IsCount(): PropertyDecorator {
  const [whole, least, most] = [IsInt(), Min(0), Max(Number.MAX_SAFE_INTEGER)];
  return (target, key) => {
    ApiProperty({ type: 'integer', minimum: 0 })(target, key);
    for (const check of [whole, least, most]) check(target, key);
  };
}

export class ClientUsageInput implements ClientUsage {
  @ApiProperty({ example: '198.51.100.7' })
  @IsAddress()
  address: string;
  @IsCount()
  connections: number;
  @IsCount()
  bytes: number;
  @ApiProperty({ format: 'date-time' })
  @IsTime()
  lastUsed: string;
}

/** What passed through one map on one day, since the epoch began. */
export class MapUsageInput implements MapUsage {
  @ApiProperty()
  @Matches(ID, { message: 'must be the id of a port map' })
  id: string;
  @ApiProperty({ format: 'date', example: '2030-01-31' })
  @IsDay()
  day: string;
  @IsCount()
  connections: number;
  @IsCount()
  packets: number;
  @IsCount()
  bytes: number;
  @ApiProperty({ format: 'date-time' })
  @IsTime()
  lastUsed: string;
  @ApiProperty({ type: [ClientUsageInput], maxItems: USAGE_LIMITS.clients })
  @IsArray()
  @ArrayMaxSize(USAGE_LIMITS.clients)
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => ClientUsageInput)
  clients: ClientUsageInput[];
  @IsCount()
  otherConnections: number;
  @ApiProperty()
  @IsLine()
  owner: string;
  @ApiProperty({ type: String, nullable: true })
  @IsOptional()
  @IsLine()
  name: string | null;
  @ApiProperty({ type: String, nullable: true })
  @IsOptional()
  @IsLine()
  component: string | null;
}

/** What a gateway saw pass through its port maps. Figures only grow within an epoch: told twice, they count once. */
export class UsageReportInput implements UsageReport {
  /** One life of the gateway process. */
  @ApiProperty({ example: '0123456789abcdef' })
  @Matches(/^[0-9a-f]{16}$/, { message: 'must be 16 hex digits' })
  epoch: string;
  @ApiProperty({ type: [MapUsageInput], maxItems: USAGE_LIMITS.maps })
  @IsArray()
  @ArrayMaxSize(USAGE_LIMITS.maps)
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => MapUsageInput)
  maps: MapUsageInput[];
}

/** One client of a component. */
export class ClientUsageDocument {
  @ApiProperty({ example: '198.51.100.7' })
  address: string;
  @ApiProperty()
  connections: number;
  @ApiProperty()
  bytes: number;
  @ApiProperty({ type: String, format: 'date-time' })
  lastUsed: string;
}

/** One day (UTC) of a component. */
export class UsageDay {
  @ApiProperty({ format: 'date', example: '2030-01-31' })
  day: string;
  @ApiProperty()
  connections: number;
  /** Of connections that ended on that day, both directions. */
  @ApiProperty()
  packets: number;
  @ApiProperty()
  bytes: number;
  /** The clients with the most connections; absent for members who do not own the component. */
  @ApiProperty({ type: [ClientUsageDocument], required: false })
  clients?: ClientUsageDocument[];
  /** Connections by others than these; absent where `clients` is. */
  @ApiProperty({ required: false })
  otherConnections?: number;
}

/** Who used a component, and when. It outlives the component. */
export class ComponentUsage {
  @ApiProperty()
  component: string;
  @ApiProperty()
  owner: string;
  /** Null: not within the time that usage is kept. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  lastUsed: Date | null;
  /** Sums of `days`. */
  @ApiProperty()
  connections: number;
  @ApiProperty()
  packets: number;
  @ApiProperty()
  bytes: number;
  /** Days with connections, the newest first. */
  @ApiProperty({ type: [UsageDay] })
  days: UsageDay[];
}

/** What passed through a port map in the time that usage is kept. */
export class PortMapCounters {
  @ApiProperty()
  portMap: string;
  @ApiProperty()
  connections: number;
  /** Of ended connections, both directions. */
  @ApiProperty()
  packets: number;
  @ApiProperty()
  bytes: number;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  lastUsed: Date | null;
}

export class PortMapCountersList {
  /** In the order asked for; ids of maps that never were are left out. */
  @ApiProperty({ type: [PortMapCounters] })
  counters: PortMapCounters[];
}

export class UsageQuery {
  /** How many days back, today included. */
  @ApiProperty({ type: 'integer', required: false, minimum: 1, maximum: 366, default: 30 })
  @MayBeAbsent()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(366)
  days?: number;
}

export class CountersQuery {
  /** Ids of port maps, 1 to 100, with commas between them. Left out: of none. */
  @ApiProperty({ required: false, example: '65f0c0ffee0123456789abcd' })
  @MayBeAbsent()
  @Matches(/^([0-9a-f]{24}|[0-9a-f-]{36})(,([0-9a-f]{24}|[0-9a-f-]{36})){0,99}$/, {
    message: 'must be 1 to 100 ids of port maps with commas between them',
  })
  ids?: string;
}
