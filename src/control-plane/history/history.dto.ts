import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, Max, Min } from 'class-validator';
import { PROTOCOLS, type Protocol } from '../../contract/desired-state.js';
import type { JsonText } from '../../platform/json/json-text.js';
import { IsTime } from '../resource/time.js';
import { IsLine, MayBeAbsent } from '../resource/validators.js';

const TIME = { type: String, format: 'date-time' } as const;

/** How a stretch of time ended: the holder let go, or what is known of it changed and it went on. */
export const ENDINGS = ['released', 'changed'] as const;
export type EndingKind = (typeof ENDINGS)[number];

/** A resource as it was then; it may be gone. */
export class DescribedThen {
  @ApiProperty({ example: '0192f0c1-7a3e-7c11-9d0a-3b5f6c7d8e9f' })
  id: string;

  @ApiProperty()
  name: string;

  @ApiProperty({ type: [String] })
  tags: string[];

  @ApiProperty({ type: Object, additionalProperties: true, nullable: true })
  metadata: JsonText;
}

/** A stretch of time in which one holder had it and was described in one way. */
export class Segment {
  /** Who it belonged to. */
  @ApiProperty()
  owner: string;

  /** From when on, to the millisecond. */
  @ApiProperty(TIME)
  since: Date;

  /** Until when: at this moment it was no longer so. Null: it is so now. */
  @ApiProperty({ ...TIME, nullable: true })
  until: Date | null;

  /** How it ended; null: it has not. */
  @ApiProperty({ enum: ENDINGS, nullable: true })
  ended: EndingKind | null;

  /** Who ended it; null: it has not ended, or time did it. */
  @ApiProperty({ type: String, nullable: true })
  endedBy: string | null;

  /** Why, where that was said. */
  @ApiProperty({ type: String, nullable: true })
  reason: string | null;
}

export class AddressSegment extends Segment {
  @ApiProperty({ example: '10.20.0.7' })
  address: string;

  /** Id of the pool. */
  @ApiProperty()
  pool: string;

  /** Id of the subnet. */
  @ApiProperty()
  subnet: string;

  @ApiProperty({ type: DescribedThen })
  lease: DescribedThen;

  @ApiProperty({ type: DescribedThen })
  reservation: DescribedThen;
}

export class AddressHistory {
  /** Newest first. */
  @ApiProperty({ type: [AddressSegment] })
  history: AddressSegment[];

  /** Cursor of the next page; absent on the last. */
  @ApiProperty({ required: false })
  next?: string;
}

/** Where a port led. */
export class PortTarget {
  @ApiProperty({ example: '10.20.0.7' })
  address: string;

  @ApiProperty({ example: 22 })
  port: number;
}

export class PortSegment extends Segment {
  /** The gateway's external address. */
  @ApiProperty({ example: '192.0.2.10' })
  address: string;

  @ApiProperty({ enum: PROTOCOLS })
  protocol: Protocol;

  @ApiProperty({ example: 50000 })
  port: number;

  /** Id of the gateway. */
  @ApiProperty()
  gateway: string;

  @ApiProperty({ type: DescribedThen })
  portMap: DescribedThen;

  @ApiProperty({ type: PortTarget })
  target: PortTarget;

  /** Id of the component that it was of. */
  @ApiProperty({ type: String, nullable: true })
  component: string | null;
}

export class PortHistory {
  /** Newest first. */
  @ApiProperty({ type: [PortSegment] })
  history: PortSegment[];

  /** Cursor of the next page; absent on the last. */
  @ApiProperty({ required: false })
  next?: string;
}

export class HistoryQuery {
  /** Who had it at this moment (RFC 3339), instead of a list. */
  @ApiProperty({ required: false, format: 'date-time' })
  @MayBeAbsent()
  @IsTime()
  at?: string;

  /** Only what lasted beyond this moment (RFC 3339). */
  @ApiProperty({ required: false, format: 'date-time' })
  @MayBeAbsent()
  @IsTime()
  from?: string;

  /** Only what began before this moment (RFC 3339). */
  @ApiProperty({ required: false, format: 'date-time' })
  @MayBeAbsent()
  @IsTime()
  to?: string;

  /** How many at most, 1 to 1000. Default 100. */
  @ApiProperty({ required: false, minimum: 1, maximum: 1000, default: 100 })
  @MayBeAbsent()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1000)
  limit?: number;

  /** Where the page begins: `next` of the page before. */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsLine(100)
  cursor?: string;
}

export class AddressHistoryQuery extends HistoryQuery {
  /** Only in the pool with this id, which may be gone. */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsLine()
  pool?: string;
}

export class PortHistoryQuery extends HistoryQuery {
  /** Only of the gateway with this id, which may be gone. */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsLine()
  gateway?: string;
}

export const ADDRESS_STATES = ['held', 'free', 'resting', 'excluded'] as const;
export type AddressState = (typeof ADDRESS_STATES)[number];

/** An address in one of the subnets that span it. */
export class AddressInSubnet {
  /** Id of the pool. */
  @ApiProperty()
  pool: string;

  /** Id of the subnet. */
  @ApiProperty()
  subnet: string;

  /** `resting`: released, and not free yet. `excluded`: in the range, but never given. */
  @ApiProperty({ enum: ADDRESS_STATES })
  state: AddressState;

  /** Who holds it; null: nobody. */
  @ApiProperty({ type: AddressSegment, nullable: true })
  holder: AddressSegment | null;
}

export class AddressDocument {
  @ApiProperty({ example: '10.20.0.7' })
  address: string;

  /** Every subnet that spans it, of whichever pool. */
  @ApiProperty({ type: [AddressInSubnet] })
  subnets: AddressInSubnet[];
}
