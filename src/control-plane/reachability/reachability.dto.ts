import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsIn, IsInt, IsObject, IsOptional, Max, Min, ValidateNested } from 'class-validator';
import {
  PORT_STATES,
  REACHABILITY_LIMITS,
  REACHABILITY_STATES,
  type ObservedPort,
  type ObservedReachability,
  type PortState,
  type ReachabilityReport,
  type ReachabilityState,
} from '../../contract/reachability.js';
import { IsTime } from '../resource/time.js';
import { IsAddress, IsLine, IsPortNumber, MayBeAbsent } from '../resource/validators.js';

/** A TCP port of a machine at the last look. */
export class ObservedPortInput implements ObservedPort {
  @ApiProperty({ type: 'integer', minimum: 1, maximum: 65535 })
  @IsPortNumber()
  port: number;

  /** `closed`: the machine refused. */
  @ApiProperty({ enum: PORT_STATES })
  @IsIn(PORT_STATES)
  state: PortState;
}

/** What a gateway knows of one address. */
export class ObservedReachabilityInput implements ObservedReachability {
  @ApiProperty({ example: '10.20.0.7' })
  @IsAddress()
  address: string;

  @ApiProperty({ enum: REACHABILITY_STATES })
  @IsIn(REACHABILITY_STATES)
  state: ReachabilityState;

  @ApiProperty({ format: 'date-time' })
  @IsTime()
  since: string;

  @ApiProperty({ format: 'date-time' })
  @IsTime()
  checkedAt: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  @IsOptional()
  @IsTime()
  seenAt: string | null;

  @ApiProperty({ type: 'integer', nullable: true, minimum: 0, maximum: 60_000_000 })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(60_000_000)
  rttUs: number | null;

  @ApiProperty({ type: [ObservedPortInput], maxItems: REACHABILITY_LIMITS.ports })
  @IsArray()
  @ArrayMaxSize(REACHABILITY_LIMITS.ports)
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => ObservedPortInput)
  ports: ObservedPortInput[];
}

/** What a gateway found out since its last report. */
export class ReachabilityReportInput implements ReachabilityReport {
  @ApiProperty({ type: [ObservedReachabilityInput], maxItems: REACHABILITY_LIMITS.results })
  @IsArray()
  @ArrayMaxSize(REACHABILITY_LIMITS.results)
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => ObservedReachabilityInput)
  results: ObservedReachabilityInput[];

  /** Addresses that it does not look at any more. */
  @ApiProperty({ type: [String], maxItems: REACHABILITY_LIMITS.results })
  @IsArray()
  @ArrayMaxSize(REACHABILITY_LIMITS.results)
  @IsAddress({ each: true })
  gone: string[];
}

/** What is known of one address, from one gateway. */
export class ReachabilityDocument {
  /** Id of the gateway that looks. */
  @ApiProperty()
  gateway: string;

  @ApiProperty({ example: '10.20.0.7' })
  address: string;

  /** `unknown` also when the gateway has said nothing for three hours. */
  @ApiProperty({ enum: REACHABILITY_STATES })
  state: ReachabilityState;

  /** When the state began. */
  @ApiProperty({ type: String, format: 'date-time' })
  since: Date;

  /** When it was looked at, as far as was told: changes are told at once, the rest every hour. */
  @ApiProperty({ type: String, format: 'date-time' })
  checkedAt: Date;

  /** When it answered last, as far as was told; null when it never did. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  seenAt: Date | null;

  /** Round-trip time of a ping in microseconds; null when pings were not answered. */
  @ApiProperty({ type: 'integer', nullable: true, example: 420 })
  rttUs: number | null;

  /** TCP ports that port maps lead to. */
  @ApiProperty({ type: [ObservedPortInput] })
  ports: ObservedPortInput[];
}

export class ReachabilityList {
  /** In the order of addresses. */
  @ApiProperty({ type: [ReachabilityDocument] })
  reachability: ReachabilityDocument[];

  /** For `cursor`, to see the next page; absent on the last. */
  @ApiProperty({ required: false })
  next?: string;
}

export class LeaseReachability {
  @ApiProperty({ example: '10.20.0.7' })
  address: string;

  /** `reachable` when it answers to one gateway, `unreachable` when it answers to none, `unknown` when none has looked. */
  @ApiProperty({ enum: REACHABILITY_STATES })
  state: ReachabilityState;

  /** What each gateway knows that leads there. */
  @ApiProperty({ type: [ReachabilityDocument] })
  results: ReachabilityDocument[];
}

class AddressPageQuery {
  /** How many at most, 1 to 1000. Default 100. */
  @ApiProperty({ type: 'integer', required: false, minimum: 1, maximum: 1000, default: 100 })
  @MayBeAbsent()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1000)
  limit?: number;

  /** Where the page begins: `next` of the page before. */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsLine(200)
  cursor?: string;
}

export class ReachabilityQuery extends AddressPageQuery {
  /** Only what this gateway knows, by id or name. */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsLine()
  gateway?: string;

  /** Only addresses in this state. */
  @ApiProperty({ required: false, enum: REACHABILITY_STATES })
  @MayBeAbsent()
  @IsIn(REACHABILITY_STATES)
  state?: ReachabilityState;

  /** Only this address. */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsAddress()
  address?: string;
}

export const BAD_RECORD_KINDS = ['silent', 'unheld'] as const;
export type BadRecordKind = (typeof BAD_RECORD_KINDS)[number];

export class BadRecordsQuery extends AddressPageQuery {
  /** `silent`: held, but does not answer. `unheld`: answers, but nobody holds it. Default `silent`. */
  @ApiProperty({ required: false, enum: BAD_RECORD_KINDS, default: 'silent' })
  @MayBeAbsent()
  @IsIn(BAD_RECORD_KINDS)
  kind?: BadRecordKind;

  /** For how many days at least, 0 to 3650. Default 7 for `silent`, 0 for `unheld`. */
  @ApiProperty({ type: 'integer', required: false, minimum: 0, maximum: 3650 })
  @MayBeAbsent()
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(3650)
  days?: number;
}

/** An address whose lease and whose machine do not agree. */
export class BadRecordDocument {
  @ApiProperty({ example: '10.20.0.7' })
  address: string;

  /** Id of its subnet. */
  @ApiProperty()
  subnet: string;

  /** Id of the lease; null when nobody holds it. */
  @ApiProperty({ type: String, nullable: true })
  lease: string | null;

  /** Id of the reservation; null when nobody holds it. */
  @ApiProperty({ type: String, nullable: true })
  reservation: string | null;

  @ApiProperty({ type: String, nullable: true })
  owner: string | null;

  /** Id of the gateway that looked. */
  @ApiProperty()
  gateway: string;

  /** Since when it is silent, or answers. */
  @ApiProperty({ type: String, format: 'date-time' })
  since: Date;

  /** When it answered last, as far as was told; null when it never did. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  seenAt: Date | null;
}

export class BadRecordList {
  /** In the order of addresses. */
  @ApiProperty({ type: [BadRecordDocument] })
  records: BadRecordDocument[];

  /** For `cursor`, to see the next page; absent on the last. */
  @ApiProperty({ required: false })
  next?: string;
}
