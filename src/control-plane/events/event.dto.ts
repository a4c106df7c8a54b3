import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, Max, Min } from 'class-validator';
import { IsLine, MayBeAbsent } from '../resource/validators.js';

/** A collection, and a name of the greatest length. */
const MAX_SUBJECT = 300;

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

  /** Where the JSON schema of `data` is: of the type, with its version. */
  @ApiProperty({ format: 'uri', example: 'http://127.0.0.1:8000/schemas/ipam.lease.created.v1.json' })
  dataschema: string;

  /** Place in the one stream of all events, 16 digits: sorts as text. */
  @ApiProperty({ example: '0000000000000042' })
  sequence: string;

  /** Owner of the resource, where it has one. */
  @ApiProperty({ required: false })
  owner?: string;

  /** Who did it: the principal's name. Absent when time or Berth itself did. */
  @ApiProperty({ required: false })
  actor?: string;

  /** Trace context (W3C) of the request that did it. Absent when it had none, or when no request did it. */
  @ApiProperty({ required: false, example: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' })
  traceparent?: string;

  /**
   * The resource after the change (before it, for `deleted`). Where something changed it has `changed`: each field that is
   * not what it was, with the value it had: `{"name": {"from": "old"}}`.
   */
  @ApiProperty({ type: Object, additionalProperties: true })
  data: object;
}

export class EventPage {
  @ApiProperty({ type: [EventDocument] })
  events: EventDocument[];

  /** Place in the stream up to which this page looked: `after` for what comes later. */
  @ApiProperty({ example: 42 })
  last: number;

  /** Cursor of the next page; absent when there is nothing more yet. */
  @ApiProperty({ required: false })
  next?: string;
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

  /** Of a page: goes on where the page that gave it ended; with the same filters. */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsLine()
  cursor?: string;

  /** Events of a page, 1 to 1000. Default 100. One that looked through 5000 ends before it is full. */
  @ApiProperty({ required: false, minimum: 1, maximum: 1000, default: 100 })
  @MayBeAbsent()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1000)
  limit?: number;

  /**
   * Only events of these types, separated by commas. `*` is any noun or verb: `ipam.lease.created`, `ipam.lease.*`,
   * `ipam.*.deleted`.
   */
  @ApiProperty({ required: false, example: 'ipam.lease.*' })
  @MayBeAbsent()
  @IsLine()
  type?: string;

  /** Only events about this resource, or about all of a kind: `leases/<id>`, `leases/`. */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsLine(MAX_SUBJECT)
  subject?: string;

  /** Only events about resources that have this tag. */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsLine()
  tag?: string;

  /** Only events about what this owner has. */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsLine()
  owner?: string;

  /** Only events of what this principal did. */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsLine()
  actor?: string;
}
