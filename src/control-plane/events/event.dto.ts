import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, Max, Min } from 'class-validator';
import { IsLine, MayBeAbsent } from '../resource/validators.js';

/** CloudEvents 1.0, structured mode. */
export class EventDocument {
  @ApiProperty({ example: '1.0' })
  specversion: string;

  /** Unique; the same on NATS (`Nats-Msg-Id`). */
  @ApiProperty()
  id: string;

  @ApiProperty({ example: 'berth' })
  source: string;

  /** The NATS subject, with a version. */
  @ApiProperty({ example: 'ipam.lease.created.v1' })
  type: string;

  /** Which resource. */
  @ApiProperty({ example: 'leases/0192f0c1-7a3e-7c11-9d0a-3b5f6c7d8e9f' })
  subject: string;

  /** When it was written. */
  @ApiProperty({ type: String, format: 'date-time' })
  time: string;

  @ApiProperty({ example: 'application/json' })
  datacontenttype: string;

  /** Place in the one stream of all events, 16 digits: sorts as text. */
  @ApiProperty({ example: '0000000000000042' })
  sequence: string;

  /** Owner of the resource, where it has one. */
  @ApiProperty({ required: false })
  owner?: string;

  /** Who did it: the principal's name. Absent when time or Berth itself did. */
  @ApiProperty({ required: false })
  actor?: string;

  /** The resource after the change (before it, for `deleted`). */
  @ApiProperty({ type: Object, additionalProperties: true })
  data: object;
}

export class EventPage {
  @ApiProperty({ type: [EventDocument] })
  events: EventDocument[];

  /** `after` for the next page. */
  @ApiProperty({ example: 42 })
  last: number;
}

export class EventQuery {
  /** Only events after this place in the stream. Left out on the live stream: from now on; on a page: from the start. */
  @ApiProperty({ required: false, minimum: 0 })
  @MayBeAbsent()
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  after?: number;

  /** Events of a page, 1 to 1000. Default 100. */
  @ApiProperty({ required: false, minimum: 1, maximum: 1000, default: 100 })
  @MayBeAbsent()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1000)
  limit?: number;

  /** Only events of this type, such as `ipam.lease.created`, or of all types that begin with `ipam.lease.`. */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsLine()
  type?: string;

  /** Only events of what this principal did. */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsLine()
  actor?: string;
}
